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
  /** Methods that the server serves, by name. */
  readonly methods?: Readonly<Record<string, MethodContract>>
  /** Methods that clients serve, by name. */
  readonly clientMethods?: Readonly<Record<string, MethodContract>>
  /** What travels to a user on the user's own log, whatever device it is on. */
  readonly personal?: ChannelContract
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

/** Data that a publisher gives for the personal channel of a user. */
export type PersonalInput<C extends Contract> = C extends {
  readonly personal: { readonly message: infer S extends StandardSchema }
}
  ? InputOf<S>
  : unknown

/** Data that a user gets on the personal channel. */
export type PersonalOutput<C extends Contract> = C extends {
  readonly personal: { readonly message: infer S extends StandardSchema }
}
  ? OutputOf<S>
  : unknown

/** Data that a member shows of itself when it enters a channel's presence. */
export type PresenceInput<C extends Contract, Name extends string> =
  ContractOf<C, Name> extends { readonly presence: infer S extends StandardSchema } ? InputOf<S> : unknown

/** Data that others see of a member. */
export type PresenceOutput<C extends Contract, Name extends string> =
  ContractOf<C, Name> extends { readonly presence: infer S extends StandardSchema } ? OutputOf<S> : unknown

/** Methods of one side of a contract, by name. Any when the contract names none. */
export type MethodsOf<C extends Contract, Side extends 'methods' | 'clientMethods'> = C extends {
  readonly [S in Side]: infer Methods extends Readonly<Record<string, MethodContract>>
}
  ? Methods
  : Readonly<Record<string, MethodContract>>

/** Names of the methods of one side of a contract. */
export type MethodIn<C extends Contract, Side extends 'methods' | 'clientMethods'> = keyof MethodsOf<C, Side> & string

/** What a caller of a method gives. */
export type MethodInput<M extends MethodContract> = M extends { readonly input: infer S extends StandardSchema }
  ? InputOf<S>
  : unknown

/** What a caller of a method gets. */
export type MethodOutput<M extends MethodContract> = M extends { readonly output: infer S extends StandardSchema }
  ? OutputOf<S>
  : unknown

/** What the handler of a method gets. */
export type MethodReceived<M extends MethodContract> = M extends { readonly input: infer S extends StandardSchema }
  ? OutputOf<S>
  : unknown

/** What the handler of a method returns. */
export type MethodReturned<M extends MethodContract> = M extends { readonly output: infer S extends StandardSchema }
  ? InputOf<S>
  : unknown
