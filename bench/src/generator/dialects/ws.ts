import { TOKEN } from '../../contenders/contender.js'
import { code, Said, type Dialect } from './dialect.js'

/** Where the first name of an object begins, after `{"`. */
const NAME = 2

/** What the controls speak: the message as it is, and answers that begin with their `ref`. */
export const ws: Dialect = {
  path: ({ channels }) => `/?token=${TOKEN}${channels.length > 0 ? `&channels=${channels.join(',')}` : ''}`,
  greeting: () => undefined,
  readyFrames: () => 0,
  read: (bytes, start) => (bytes[start + NAME] === code('n') ? Said.delivery : Said.answer),
  call: (ref, data) => `{"ref":${ref},"data":${data}}`,
  publish: (ref, channel, data) => `{"ref":${ref},"channel":"${channel}","data":${data}}`,
}
