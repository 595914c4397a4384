/** What an error of a command means for it. */
export type Verdict =
  /** Another master serves the slot. */
  | { readonly kind: 'moved' | 'ask'; readonly slot: number; readonly address: string }
  /** Redis did not run it, and will in a moment. */
  | { readonly kind: 'again' }
  /** Redis did not run it: it is no master any more. */
  | { readonly kind: 'readonly' }
  /** Redis does not have our functions. */
  | { readonly kind: 'unloaded' }
  /** Redis did not run it: it holds as much as it may. */
  | { readonly kind: 'full' }
  /** Redis did not run it: its own settings forbid writes now. */
  | { readonly kind: 'unwilling' }
  /** The connection ended before the answer: it may have run. */
  | { readonly kind: 'lost' }
  /** It will never run like this: rights, settings, keys of somebody else. */
  | { readonly kind: 'configuration' }
  /** The function itself failed. */
  | { readonly kind: 'failed' }

const BY_CODE: Readonly<Record<string, Verdict['kind']>> = {
  TRYAGAIN: 'again',
  CLUSTERDOWN: 'again',
  LOADING: 'again',
  MASTERDOWN: 'again',
  BUSY: 'again',
  READONLY: 'readonly',
  OOM: 'full',
  NOREPLICAS: 'unwilling',
  MISCONF: 'unwilling',
  NOPERM: 'configuration',
  NOAUTH: 'configuration',
  WRONGPASS: 'configuration',
  WRONGTYPE: 'configuration',
  CROSSSLOT: 'configuration',
}

/** Reads an error of Redis or of the connection to it. */
export function judge(error: unknown): Verdict {
  if (!isReply(error)) return { kind: 'lost' }
  const { message } = error
  const [code = '', slot, address] = message.split(' ')
  if ((code === 'MOVED' || code === 'ASK') && address) {
    return { kind: code === 'MOVED' ? 'moved' : 'ask', slot: Number(slot), address }
  }
  if (message === 'ERR Function not found') return { kind: 'unloaded' }
  if (/^ERR (ACL failure|The user executing the script can't|unknown command)/.test(message)) {
    return { kind: 'configuration' }
  }
  const kind = BY_CODE[code] ?? 'failed'
  return kind === 'moved' || kind === 'ask' ? { kind: 'failed' } : { kind }
}

/** Whether it is an answer of Redis, and not the end of a connection. By name: ioredis does not export the class. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}
