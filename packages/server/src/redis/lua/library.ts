import { functionLibrary } from '../functions.js'
import { HEADS } from './heads.js'
import { LOG } from './log.js'
import { MOMENT } from './moment.js'
import { PUBLISH } from './publish.js'
import { READ } from './read.js'

/** The functions of logs: `log.publish`, `log.read`, `log.heads`, `log.touch`. */
export const logLibrary = functionLibrary('log', MOMENT, LOG, PUBLISH, READ, HEADS)
