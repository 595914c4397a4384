import type { Mode } from '../history/index.js'

/** One channel of each mode but `log`, by name. */
export const OTHER_MODES: Readonly<Record<string, Mode>> = { 'value:1': 'latest', 'signal:1': 'ephemeral' }

/** What every client calls its own user's personal channel. */
export const PERSONAL = '@'

/** A log that nobody may subscribe to: whoever has it has it from the server. */
export const GIVEN = 'given:1'

/** Every kind of channel that clients subscribe to, but the rooms. */
export const OTHERS: readonly string[] = [...Object.keys(OTHER_MODES), PERSONAL]

/** The name of a channel in the record, where those of users are kept apart. */
export function recorded(channel: string, user: string): string {
  return channel === PERSONAL ? PERSONAL + user : channel
}

/** Whether a channel promises what a log promises. */
export function isLog(channel: string): boolean {
  return !(channel in OTHER_MODES)
}
