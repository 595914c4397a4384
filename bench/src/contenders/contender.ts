import type { Server } from 'node:http'

/** What is published. As JSON it has the size that the row says. */
export interface Message {
  /** Number of the message. */
  readonly n: number
  /** When it was to be published, where that is measured. */
  readonly due?: string
  /** Fills it up. */
  readonly text: string
}

/** A server under measurement. It listens already when it is made, on the HTTP server it was given. */
export interface Contender {
  /** Sends a message to all subscribers of a channel. Throws or rejects when it cannot. */
  publish(channel: string, message: Message): unknown
  /** Numbers of its own, counted since it began. */
  counts?(): Readonly<Record<string, number>>
}

/** Makes a contender on an HTTP server; it can be published to, and reaches everybody, once it is there. */
export type Contend = (http: Server) => Contender | Promise<Contender>

/** The token that every client shows; whoever has another one is turned away. */
export const TOKEN = 'let-me-in'
