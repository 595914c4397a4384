import { channelTemplate } from './channel-name.js'
import type { InputOf, OutputOf, StandardSchema } from './standard-schema.js'

/** What the channels of one template carry. */
export interface ChannelContract {
  /** Schema of the data of a message. Without one, any JSON value is accepted. */
  readonly message?: StandardSchema
  /** Schema of the data a member of the channel's presence shows. */
  readonly presence?: StandardSchema
}

/** One method that can be called. */
export interface MethodContract {
  /** Schema of what the caller gives. */
  readonly input?: StandardSchema
  /** Schema of what the caller gets. */
  readonly output?: StandardSchema
  /** Whether a call may be repeated without harm when its outcome is unknown. Default: false. */
  readonly idempotent?: boolean
}

/** What two sides agree on: channels by template, methods by name. */
export interface Contract {
  /** Channels by template, such as `room:{roomId}`. */
  readonly channels?: Readonly<Record<string, ChannelContract>>
  /** Methods by name. */
  readonly methods?: Readonly<Record<string, MethodContract>>
}

/**
 * Declares what servers and clients agree on. Share the result between both sides: the server checks data by it, and
 * clients take their types from it.
 *
 * @throws TypeError when a channel template cannot be read.
 */
export function contract<const C extends Contract>(shape: C): C {
  for (const template of Object.keys(shape.channels ?? {})) channelTemplate(template)
  return Object.freeze(shape)
}

/** The names that fit a template: `room:{roomId}` becomes `` `room:${string}` ``. */
export type NameOf<Template extends string> = Template extends `${infer Head}{${string}}${infer Tail}`
  ? `${Head}${string}${NameOf<Tail>}`
  : Template

/** The parameters of a template: those of `room:{roomId}` are `{ roomId: string }`. */
export type ParamsOf<Template extends string> = { readonly [K in ParamNames<Template>]: string }

/** Names of the parameters of a template. */
export type ParamNames<Template extends string> = Template extends `${string}{${infer Name}}${infer Tail}`
  ? Name | ParamNames<Tail>
  : never

/** Templates of a contract. Any text when the contract names no channels. */
export type TemplateIn<C extends Contract> = C extends { readonly channels: infer Channels }
  ? keyof Channels & string
  : string

/** Channel names a contract allows. Any text when the contract names no channels. */
export type ChannelIn<C extends Contract> = C extends { readonly channels: infer Channels }
  ? { [T in keyof Channels & string]: NameOf<T> }[keyof Channels & string]
  : string

/** What a contract says of the channel of a name. */
export type ContractOf<C extends Contract, Name extends string> = C extends { readonly channels: infer Channels }
  ? { [T in keyof Channels & string]: Name extends NameOf<T> ? Channels[T] : never }[keyof Channels & string]
  : ChannelContract

/** Data that a publisher gives for a channel. */
export type MessageInput<C extends Contract, Name extends string> =
  ContractOf<C, Name> extends { readonly message: infer S extends StandardSchema } ? InputOf<S> : unknown

/** Data that subscribers of a channel get. */
export type MessageOutput<C extends Contract, Name extends string> =
  ContractOf<C, Name> extends { readonly message: infer S extends StandardSchema } ? OutputOf<S> : unknown
