import { messageOf } from '../message.js'
import type { Swarm } from './swarm.js'

/** Requests that wait for their answer before the next one. */
export interface Asking {
  /** Links that ask, beginning with number `from`. */
  readonly links: number
  /** Number of the first one. */
  readonly from: number
  /** Requests of a link that are under way at a time. */
  readonly inFlight: number
  /** How long they go on. */
  readonly seconds: number
  /** Channel to publish to; absent: an echo. */
  readonly channel?: string
}

/** Has links ask for a time, waits until all is answered, and gives the number of answers. */
export async function askers(swarm: Swarm, { links, from, inFlight, seconds, channel }: Asking): Promise<number> {
  const { dialect } = swarm
  const before = swarm.arrived.answers
  let asked = 0
  let isOver = false
  const ask = (index: number): void => {
    asked += 1
    const data = JSON.stringify(messageOf(asked))
    const text = channel === undefined ? dialect.call(asked, data) : dialect.publish(asked, channel, data)
    swarm.links[index]?.send(text)
  }
  swarm.listener = {
    answer: (index) => {
      if (!isOver) ask(index)
    },
  }
  for (let i = 0; i < links * inFlight; i++) ask(from + (i % links))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  isOver = true
  await swarm.expect('answers', before + asked, 10_000)
  swarm.listener = {}
  return asked
}
