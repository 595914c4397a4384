import {
  type ChannelTemplate,
  type Data,
  type Meta,
  type Mode,
  type StandardSchema,
  type TemplateValues,
} from '@org/realtime-protocol'
import type { Retention } from '../ports/index.js'
import type { Attributes } from './attributes.js'

/** Somebody the application knows. */
export interface Identity {
  /** Names the user; others see it as `from.user`. */
  readonly id: string
}

/** Who asks for something, as rules see it. */
export interface Asker {
  /** What `authenticate` returned; `null` for an anonymous one. */
  readonly user: Identity | null
  /** Public id of the session. */
  readonly session: string
  /** The attributes of the session. */
  readonly attributes: Attributes
  /** The channel asked for. */
  readonly channel: string
}

/** Decides whether somebody may subscribe to a channel and read its history. */
export type SubscribeRule = (asker: Asker, params: TemplateValues) => boolean | Promise<boolean>

/** A message somebody wants to publish, as rules see it. */
export interface Proposal extends Asker {
  /** The data, as the schema of the channel gave it. */
  readonly data: Data
  /** What travels for tools. */
  readonly meta?: Meta | undefined
}

/** What a publish rule says: no, yes, yes but with other data, or no with a text that only the sender sees. */
export type PublishVerdict = boolean | { readonly data: Data } | { readonly refuse: string }

/** Decides whether somebody may publish to a channel. */
export type PublishRule = (proposal: Proposal, params: TemplateValues) => PublishVerdict | Promise<PublishVerdict>

/** Somebody who wants to be present in a channel, as rules see it. */
export interface PresenceAsker extends Asker {
  /** What it would show of itself, as the schema of the channel's presence gave it. */
  readonly data: Data
}

/** Decides whether somebody may be present in a channel. */
export type PresenceRule = (asker: PresenceAsker, params: TemplateValues) => boolean | Promise<boolean>

/** What the application declared for the channels of one template. */
export interface Declaration {
  readonly template: ChannelTemplate
  readonly mode: Mode
  readonly schema?: StandardSchema | undefined
  readonly subscribe: SubscribeRule
  readonly publish: PublishRule
  /** Who may be present; absent when the channel has no presence. */
  readonly presence?: PresenceRule | undefined
  /** Schema of what members show of themselves. */
  readonly presenceSchema?: StandardSchema | undefined
  readonly retention: Retention
}

/** A channel name with what was declared for it. */
export interface DeclaredChannel {
  readonly declaration: Declaration
  readonly params: TemplateValues
}

/** What every client calls its own user's personal channel. The names inside begin with it. PROTOCOL.md §5.6. */
export const PERSONAL = '@'

/** All declarations of a server. A name belongs to its literal declaration, else to the first template it fits. */
export class Declarations {
  /** What holds for the personal channels of all users, if there are any. No name leads to it. */
  personal: Declaration | undefined

  private readonly literals = new Map<string, Declaration>()
  private readonly templates = new Map<string, Declaration>()

  /** Adds a declaration or replaces the one of the same template. */
  set(declaration: Declaration): void {
    const { template } = declaration
    const map = template.literal ? this.literals : this.templates
    map.set(template.source, declaration)
  }

  /** What was declared for exactly this template. */
  get(template: string): Declaration | undefined {
    return this.literals.get(template) ?? this.templates.get(template)
  }

  /** What was declared for a channel, if anything was. */
  resolve(name: string): DeclaredChannel | undefined {
    // A template such as `{name}` must not lead to the personal channel of a user.
    if (name.startsWith(PERSONAL)) return undefined
    const literal = this.literals.get(name)
    if (literal) return { declaration: literal, params: {} }
    for (const declaration of this.templates.values()) {
      const params = declaration.template.match(name)
      if (params) return { declaration, params }
    }
    return undefined
  }
}
