import type { Data, WireError } from '@org/realtime-protocol'
import type { Attributes } from './attributes.js'
import type { Dismissal } from './dismissals.js'
import { Fellows, type Answers } from './fellows.js'
import { dismiss, keepSubscribed, revoke, setAttributes, type Done } from './held.js'
import type { CallOutcome } from './methods.js'
import type { Node } from './node.js'
import type { OutgoingCall } from './pending-calls.js'
import type { Target } from './target.js'
import { isWireError, RealtimeError, wireError } from './wire-errors.js'

/** A session that has a link. */
export interface LiveSession {
  /** Public id of the session. */
  readonly session: string
  /** Id of the user; `null` for an anonymous one. */
  readonly user: string | null
  /** When its link connected, in milliseconds since 1970, by the clock of its node. */
  readonly connectedAt: number
  /** Name of the node that holds the link. */
  readonly node: string
}

/** What nodes count. */
export interface Counts {
  /** Links that are open. */
  readonly connections: number
  /** Sessions that have a link. */
  readonly sessions: number
}

/** How far something got. */
export interface Reached {
  /**
   * Sessions for which it was done: those with a link, and those that can still be resumed. Of the latter, only the node
   * that had the last link knows: when it has ended, they are not counted, and not reached.
   */
  readonly sessions: number
  /** Whether every node answered in time. If not, it may have been done on others as well. */
  readonly complete: boolean
}

/** What a node asks the others. */
type Question =
  | { readonly about: 'sessions'; readonly target: Target }
  | { readonly about: 'counts' }
  | { readonly about: 'dismiss'; readonly target: Target; readonly dismissal: Dismissal }
  | { readonly about: 'subscribe' | 'unsubscribe'; readonly target: Target; readonly channel: string }
  | { readonly about: 'attributes'; readonly target: Target; readonly changes: Attributes }
  | { readonly about: 'call'; readonly session: string; readonly call: OutgoingCall }

/** Time that an answer of another node takes beside what it waits for itself. */
const TRIP_MS = 1_000

/** Sessions wherever they are: what is asked of all nodes is answered here for this one. */
export class Reach {
  readonly fellows: Fellows

  constructor(private readonly node: Node) {
    const answerer = (question: Data, signal: AbortSignal) => this.answer(question as Question, signal)
    this.fellows = new Fellows(node.control, answerer, node.clock, node.logger)
  }

  /** The live sessions of a target, on all nodes. */
  async sessions(target: Target, timeoutMs: number): Promise<Answers<LiveSession>> {
    const { answers, complete } = await this.all<LiveSession[]>({ about: 'sessions', target }, timeoutMs)
    return { answers: answers.flat(), complete }
  }

  /** What all nodes count. */
  counts(timeoutMs: number): Promise<Answers<Counts>> {
    return this.all<Counts>({ about: 'counts' }, timeoutMs)
  }

  /** Sends links away, on all nodes. */
  dismiss(target: Target, dismissal: Dismissal, timeoutMs: number): Promise<Reached> {
    return this.everywhere({ about: 'dismiss', target, dismissal }, timeoutMs)
  }

  /** Subscribes sessions to a channel, or ends that, on all nodes. */
  subscribe(about: 'subscribe' | 'unsubscribe', target: Target, channel: string, timeoutMs: number): Promise<Reached> {
    return this.everywhere({ about, target, channel }, timeoutMs)
  }

  /** Changes attributes of sessions, on all nodes. */
  setAttributes(target: Target, changes: Attributes, timeoutMs: number): Promise<Reached> {
    return this.everywhere({ about: 'attributes', target, changes }, timeoutMs)
  }

  /** Calls a method of a session that another node holds. */
  async call(node: string, session: string, call: OutgoingCall, signal: AbortSignal): Promise<CallOutcome> {
    const question: Question = { about: 'call', session, call }
    try {
      const { answers } = await this.fellows.ask(question, call.timeoutMs + TRIP_MS, node, signal)
      return (answers[0] as CallOutcome | undefined) ?? { error: wireError('UNKNOWN_OUTCOME') }
    } catch (error) {
      this.node.logger.error('control failed', { operation: 'call', error })
      return { error: wireError('UNKNOWN_OUTCOME') }
    }
  }

  /** Does something wherever the sessions are. Doing it again does no harm, so one failure is told as one of all. */
  private async everywhere(question: Question, timeoutMs: number): Promise<Reached> {
    const { answers, complete } = await this.all<Done>(question, timeoutMs)
    const sessions = answers.reduce((sum, answer) => sum + ('sessions' in answer ? answer.sessions : 0), 0)
    const failure = answers.find((answer): answer is WireError => isWireError(answer))
    if (failure) throw RealtimeError.from(failure)
    return { sessions, complete }
  }

  private async all<A>(question: Question, timeoutMs: number): Promise<Answers<A>> {
    // Done here even when the others cannot be reached.
    const own = this.answer(question)
    const others = this.fellows.ask(question, timeoutMs).catch((error: unknown) => {
      this.node.logger.error('control failed', { operation: question.about, error })
      return undefined
    })
    const [answer, told] = await Promise.all([own, others])
    if (!told) throw new RealtimeError('UNAVAILABLE', 'the other nodes cannot be reached', { retryable: true })
    return { answers: [answer, ...told.answers] as A[], complete: told.complete }
  }

  private answer(question: Question, signal?: AbortSignal): Promise<Data> {
    const { node } = this
    switch (question.about) {
      case 'sessions':
        return Promise.resolve(this.live(question.target))
      case 'counts':
        return Promise.resolve({ connections: node.door.links.size, sessions: node.registry.size } satisfies Counts)
      case 'dismiss':
        return Promise.resolve(dismiss(node, question.target, question.dismissal))
      case 'subscribe':
        return keepSubscribed(node, question.target, question.channel)
      case 'unsubscribe':
        return revoke(node, question.target, question.channel)
      case 'attributes':
        return setAttributes(node, question.target, question.changes)
      case 'call':
        return node.calling.here(question.session, question.call, signal)
      default:
        // Of a version that knows more.
        return Promise.resolve(undefined)
    }
  }

  private live(target: Target): LiveSession[] {
    const open = this.node.registry.of(target).filter(({ connection }) => connection.isOpen)
    return open.map(({ session: { id, user }, connectedAt }) => ({
      session: id,
      user,
      connectedAt,
      node: this.fellows.name,
    }))
  }
}
