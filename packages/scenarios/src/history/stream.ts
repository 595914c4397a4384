import type { Deliver, GapTold, Rebased, Recorded, SubEnd, SubOk, SubRestart } from './events.js'
import { type Move, Path } from './path.js'
import type { Position } from './position.js'

type StepEvent = Deliver | GapTold | Rebased | SubRestart

/** One step of a subscription: where it stood, what happened, and where it stood then. */
export interface Step<E extends StepEvent = StepEvent> extends Recorded<E> {
  readonly before: Position
  readonly after: Position
}

export interface Repeat {
  readonly first: Recorded<Deliver>
  readonly again: Recorded<Deliver>
}

/** A step narrowed by the type of its event. */
export function isStep<T extends StepEvent['type']>(
  step: Step,
  type: T,
): step is Step<Extract<StepEvent, { readonly type: T }>> {
  return step.event.type === type
}

/**
 * One subscription of one subscriber, from `sub.ok` to `sub.end` or the end of the record, across restarts. It follows
 * what the events say, right or wrong: after a wrong step it goes on from where that step went, so that one fault is
 * one violation.
 */
export class Stream {
  readonly subscriber: string
  readonly channel: string
  /** Messages after this position are owed. */
  readonly start: Position
  readonly steps: Step[] = []
  /** Ids delivered while an earlier delivery of them was held. */
  readonly repeats: Repeat[] = []
  /** Restarts from a position this subscription never had. */
  readonly strayRestarts = new Set<Step>()
  /** What ended it: `sub.end`, or a `sub.ok` that began it anew without one. */
  closed: Recorded<SubEnd | SubOk> | undefined

  private readonly path: Path
  private current: Position

  constructor(readonly opened: Recorded<SubOk>) {
    const { subscriber, channel, position, requested } = opened.event
    this.subscriber = subscriber
    this.channel = channel
    const asked = typeof requested === 'object' && 'epoch' in requested ? requested : undefined
    this.start = asked ?? position
    // The same offset in another epoch is a lineage that continues; another offset is to be explained by a gap.
    this.current = asked && asked.offset !== position.offset ? asked : position
    this.path = new Path(this.current)
  }

  get position(): Position {
    return this.current
  }

  /** The steps that led to the position, without those that restarts took back. */
  get moves(): readonly Move[] {
    return this.path.moves
  }

  /** What was delivered and neither told gone nor taken back by a restart. */
  get held(): readonly Recorded<Deliver>[] {
    return this.path.held
  }

  take({ index, event }: Recorded<StepEvent>): void {
    const before = this.current
    switch (event.type) {
      case 'deliver': {
        const first = this.path.holds(event.id)
        if (first) this.repeats.push({ first, again: { index, event } })
        this.move({ index, event, before, after: event.position })
        return
      }
      case 'gap':
        this.move({ index, event, before, after: event.position })
        return
      case 'rebase':
        this.move({ index, event, before, after: { epoch: event.to, offset: before.offset } })
        return
      case 'sub.restart': {
        const step = { index, event, before, after: event.from }
        if (!this.path.rewind(event.from)) this.strayRestarts.add(step)
        this.step(step)
      }
    }
  }

  private move(move: Move): void {
    this.path.take(move)
    this.step(move)
  }

  private step(step: Step): void {
    this.steps.push(step)
    this.current = step.after
  }
}
