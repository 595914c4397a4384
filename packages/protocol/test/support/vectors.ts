import type { ExplainedError, Frame } from '../../src/index.js'
import { vectorCases } from './files.js'
import { FRAME_TYPES, type Side } from './frames.js'

interface Named {
  readonly name: string
  readonly side: Side
  readonly text: string
}

/** A message that holds a frame. */
export interface ValidVector extends Named {
  readonly frame: Frame
}

/** A message that holds none. */
export interface InvalidVector extends Named {
  readonly error: Pick<ExplainedError, 'kind' | 'path' | 'ref'>
}

/** Vector files of frames: one for each type, and those of what is no frame of the receiver. */
export const FRAME_FILES = [...new Set([...FRAME_TYPES.client, ...FRAME_TYPES.server]), 'not-a-frame', 'unknown-types']

/** Vector files of everything else. */
export const OTHER_FILES = ['unknown-fields', 'positions', 'templates', 'close-policy', 'utf8']

/** The cases of a file of frames. */
export function frameVectors(name: string): { valid: ValidVector[]; invalid: InvalidVector[] } {
  const cases = vectorCases<ValidVector | InvalidVector>(name)
  return {
    valid: cases.filter((each): each is ValidVector => 'frame' in each),
    invalid: cases.filter((each): each is InvalidVector => 'error' in each),
  }
}
