import { SUBPROTOCOL } from '@org/realtime-protocol'
import { TOKEN } from '../../contenders/contender.js'
import { Said, type Dialect, type SaidKind } from './dialect.js'

/** Where the name of a frame begins, after `{"type":"`. */
const NAME = 9

/** By the first three letters of the name, which tell apart all that a server says. */
const KINDS = new Map<number, SaidKind>([
  [letters('pub'), Said.delivery],
  [letters('rep'), Said.answer],
  [letters('res'), Said.answer],
  [letters('pin'), Said.ping],
  [letters('con'), Said.ready],
  [letters('sub'), Said.ready],
  [letters('pon'), Said.nothing],
  [letters('sta'), Said.nothing],
])

/** Our protocol. Whatever a measurement does not expect, such as `error`, `gap` or `closing`, is a refusal. */
export const realtime: Dialect = {
  path: () => '/realtime',
  subprotocol: SUBPROTOCOL,
  greeting: ({ index, channels, past }) =>
    JSON.stringify({
      type: 'connect',
      producer: `producer-of-the-bench-${index}`,
      token: TOKEN,
      session: past?.session,
      subscriptions: channels.map((channel) => ({ channel, generation: 1, since: past?.since })),
    }),
  readyFrames: ({ channels }) => 1 + channels.length,
  read: (bytes, start) => KINDS.get(three(bytes, start + NAME)) ?? Said.refusal,
  pong: '{"type":"pong"}',
  farewell: '{"type":"goodbye"}',
  call: (ref, data) => `{"type":"call","ref":${ref},"method":"echo","data":${data}}`,
  publish: (ref, channel, data) =>
    `{"type":"publish","ref":${ref},"channel":"${channel}","id":"m-${ref}","data":${data}}`,
}

function letters(name: string): number {
  return three(Buffer.from(name), 0)
}

function three(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
}
