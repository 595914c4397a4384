import type { Chance } from '../sim/chance.js'
import type { ChaosClient, Places } from './chaos-client.js'
import type { ServerPublisher } from './server-publisher.js'
import type { Stage } from './stage.js'

const TICK_MS = 20
/** Of all clients together, each second, beside the messages. */
const VALUES = 20
const BRIEF = 20
const CALLS = 20
const ATTENDANCES = 5
/** Of all servers together. */
const KEYED = 25
/** Times that a method takes: some are at work when something breaks. */
const CALL_MS = [0, 0, 20, 200, 400]

/** What all clients and servers do in a round, each thing at its rate. */
export class Traffic {
  private readonly timer: NodeJS.Timeout
  private readonly begun = performance.now()
  /** Whether those who are there stay. */
  allStay = false

  constructor(
    private readonly stage: Stage,
    servers: ServerPublisher,
    private readonly places: Places,
    publishesPerSecond: number,
    private readonly chance: Chance,
  ) {
    const { rooms, brief, values } = places
    // One of them is busy: its publishes share calls of Redis.
    const [first = ''] = rooms
    const flows = [
      this.flow('messages', publishesPerSecond, (someone, chance) => {
        const room = chance.happens(0.5) ? first : chance.pick(rooms)
        someone.publish(room, chance.happens(0.2) ? chance.index(1_000) : 0)
      }),
      this.flow('brief', brief === undefined ? 0 : BRIEF, (someone) => someone.publish(brief ?? '', 0)),
      this.flow('values', VALUES, (someone, chance) => someone.publish(chance.pick(values), chance.index(100))),
      this.flow('keyed', KEYED, (_someone, chance) => servers.publish(chance.pick(rooms), chance)),
      this.flow('calls', CALLS, (someone, chance) => someone.call(chance.happens(0.3), chance.pick(CALL_MS))),
      this.flow('attendances', ATTENDANCES, ({ attendee }, chance) => {
        void (chance.happens(0.7) || this.allStay ? attendee?.enter() : attendee?.leave())
      }),
    ]
    this.timer = setInterval(() => flows.forEach((flow) => flow()), TICK_MS)
  }

  /** Ends it. Each value is set once more, for what is newest has to reach everybody. */
  stop(): void {
    clearInterval(this.timer)
    const chance = this.chance.part('last values')
    for (const value of this.places.values) chance.pick(this.stage.clients).publish(value, 0)
  }

  /** Ends it, when nobody will look any more. */
  abort(): void {
    clearInterval(this.timer)
  }

  /** What is done at a rate, by somebody. Each flow draws for itself: so its first, its second and all others are the same every time. */
  private flow(name: string, perSecond: number, act: (someone: ChaosClient, chance: Chance) => void): () => void {
    const chance = this.chance.part(name)
    let count = 0
    return () => {
      const due = ((performance.now() - this.begun) / 1_000) * perSecond
      // Those that a busy machine did not get to in time come at once, but not all of a long pause.
      for (let most = perSecond; count < due && most > 0; most--) {
        count += 1
        act(chance.pick(this.stage.clients), chance)
      }
    }
  }
}
