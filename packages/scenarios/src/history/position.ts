/** A place in the log of one channel: `epoch` is compared for equality and nothing else, `offset` rises by one. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

/** Before the first message of a channel nobody has written to: offset 1 of any epoch follows it. */
export const NULL_POSITION: Position = Object.freeze({ epoch: '', offset: 0 })

export function samePosition(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset
}

export function isNull(position: Position): boolean {
  return position.epoch === '' && position.offset === 0
}

/** `7@e1`, for messages to people. */
export function showPosition({ epoch, offset }: Position): string {
  return isNull({ epoch, offset }) ? 'null position' : `${offset}@${epoch}`
}
