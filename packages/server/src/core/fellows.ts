import type { Data } from '@org/realtime-protocol'
import type { Clock, Control, ControlHandler, Logger, Timer } from '../ports/index.js'

/** What nodes said to a question. */
export interface Answers<A> {
  /** The answers, this node's own first. */
  readonly answers: readonly A[]
  /** Whether every node answered. If not, the others may have done what they were asked all the same. */
  readonly complete: boolean
}

/** A word between nodes, as it travels. */
type Word =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Data }
  | { readonly kind: 'answer'; readonly id: number; readonly answer?: Data }
  /** Nobody waits for the answer any more. */
  | { readonly kind: 'drop'; readonly id: number }

interface Asked {
  readonly waiting: Set<string>
  /** Whether one answered that it does not understand. */
  isPartial: boolean
  readonly answers: Data[]
  readonly timer: Timer
  readonly done: () => void
}

/** Answers a question of another node. Nothing stands for a question that it does not understand. */
export type Answerer = (question: Data, signal: AbortSignal) => Promise<Data>

/**
 * The nodes of the backend, as this one talks with them: questions to all of them or to one, each with a deadline, and
 * answers that may be fewer than there are nodes.
 */
export class Fellows implements ControlHandler {
  private readonly asked = new Map<number, Asked>()
  /** Questions of others that are being answered here, by who asks and number. */
  private readonly answering = new Map<string, AbortController>()
  private last = 0
  private isClosed = false

  constructor(
    private readonly control: Control,
    private readonly answerer: Answerer,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Name of this node. */
  get name(): string {
    return this.control.node
  }

  /**
   * Asks all other nodes, or one. The own answer is for the caller to give.
   *
   * @returns Rejects when the question could not be handed on.
   */
  async ask(question: Data, timeoutMs: number, to?: string, signal?: AbortSignal): Promise<Answers<Data>> {
    const names = to === undefined ? await this.control.others() : [to]
    if (names.length === 0 || signal?.aborted || this.isClosed) return { answers: [], complete: names.length === 0 }
    const id = ++this.last
    const over = this.expect(id, names, timeoutMs)
    const drop = (): void => {
      this.say({ kind: 'drop', id }, to).catch((error: unknown) => this.report('drop', error))
      this.settle(id)
    }
    signal?.addEventListener('abort', drop, { once: true })
    try {
      await this.say({ kind: 'ask', id, question }, to)
      return await over
    } finally {
      signal?.removeEventListener('abort', drop)
      this.settle(id)
    }
  }

  heard(from: string, text: string): void {
    let word: Word | null
    try {
      word = JSON.parse(text) as Word | null
    } catch (error) {
      return this.report('heard', error)
    }
    switch (word?.kind) {
      case 'ask':
        return void this.answer(from, word.id, word.question)
      case 'answer':
        return this.take(from, word)
      case 'drop':
        return this.answering.get(`${from} ${word.id}`)?.abort()
      default:
        // Of a version that says more.
        return undefined
    }
  }

  /** No answer will come any more, and nobody waits for those of this node. */
  close(): void {
    this.isClosed = true
    for (const id of [...this.asked.keys()]) this.settle(id)
    for (const ending of this.answering.values()) ending.abort()
  }

  private expect(id: number, names: readonly string[], timeoutMs: number): Promise<Answers<Data>> {
    return new Promise((resolve) => {
      const waiting = new Set(names)
      const answers: Data[] = []
      const timer = this.clock.setTimer(() => this.settle(id), timeoutMs)
      const done = (): void => resolve({ answers, complete: waiting.size === 0 && !asked.isPartial })
      const asked: Asked = { waiting, answers, isPartial: false, timer, done }
      this.asked.set(id, asked)
    })
  }

  private take(from: string, word: Word & { readonly kind: 'answer' }): void {
    const asked = this.asked.get(word.id)
    if (!asked?.waiting.delete(from)) return
    if ('answer' in word) asked.answers.push(word.answer)
    else asked.isPartial = true
    if (asked.waiting.size === 0) this.settle(word.id)
  }

  private settle(id: number): void {
    const asked = this.asked.get(id)
    if (!asked) return
    this.asked.delete(id)
    this.clock.clearTimer(asked.timer)
    asked.done()
  }

  private async answer(from: string, id: number, question: Data): Promise<void> {
    const key = `${from} ${id}`
    const ending = new AbortController()
    this.answering.set(key, ending)
    try {
      const answer = await this.answerer(question, ending.signal)
      if (ending.signal.aborted) return
      await this.say({ kind: 'answer', id, ...(answer === undefined ? {} : { answer }) }, from)
    } catch (error) {
      this.report('answer', error)
    } finally {
      this.answering.delete(key)
    }
  }

  private say(word: Word, to: string | undefined): Promise<void> {
    const text = JSON.stringify(word)
    return to === undefined ? this.control.broadcast(text) : this.control.send(to, text)
  }

  private report(operation: string, error: unknown): void {
    this.logger.error('control failed', { operation, error })
  }
}
