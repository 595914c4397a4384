import type { Position } from '@org/realtime-protocol'
import type { Backend } from '@org/realtime-server'
import { deaf } from '../deaf.js'
import type { LogEntry } from '../history/index.js'

const PAGE = 1_000

/** Reads all that the log of a channel holds, as somebody who has seen nothing of it yet. */
export async function readLog(
  backend: Backend,
  channel: string,
): Promise<{ readonly head: Position; readonly entries: readonly LogEntry[] }> {
  const reader = backend.join(deaf)
  try {
    const entries: LogEntry[] = []
    let since: Position | 'start' = 'start'
    for (;;) {
      const { head, publications } = await reader.broker.recover(channel, since, PAGE)
      for (const { offset, payload } of publications) {
        entries.push({ offset, id: (JSON.parse(payload) as { id: string }).id })
      }
      const last = publications.at(-1)
      if (!last || last.offset >= head.offset) return { head: { epoch: head.epoch, offset: head.offset }, entries }
      since = { epoch: head.epoch, offset: last.offset }
    }
  } finally {
    await reader.close()
  }
}
