import { functionLibrary } from '../functions.js'
import { INCARNATION } from './incarnation.js'
import { LOG_HEADS } from './log-heads.js'
import { LOG_PUBLISH } from './log-publish.js'
import { LOG_READ } from './log-read.js'
import { LOG_RECORDS } from './log-records.js'
import { LOG_STATE } from './log-state.js'
import { NAMES } from './names.js'
import { TIME } from './time.js'

/** The logs of channels: `log.publish`, `log.read`, `log.heads`, `log.touch`. */
export const LOG = functionLibrary(
  'log',
  TIME,
  INCARNATION,
  NAMES,
  LOG_STATE,
  LOG_RECORDS,
  LOG_PUBLISH,
  LOG_READ,
  LOG_HEADS,
)
