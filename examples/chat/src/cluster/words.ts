/** What the demo and its servers say to each other. */
export interface NodeState {
  readonly name: string
  readonly isUp: boolean
}

/** What a server needs to know, in its environment. */
export const ENVIRONMENT = { name: 'CHAT_NODE', redis: 'CHAT_REDIS', port: 'CHAT_PORT' } as const

/** From a server: it listens, somebody pressed the button, or it has told everybody, or cannot. */
export type FromNode = { readonly port: number } | { readonly kill: string } | { readonly told: true }

/** To a server: tell everybody which servers there are. */
export interface ToNode {
  readonly tell: readonly NodeState[]
}
