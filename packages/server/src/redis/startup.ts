import type { Connection } from './connection.js'
import { LineError } from './errors.js'
import { LINE } from './functions/line.js'
import type { FunctionLibrary } from './functions.js'
import { PARTITIONS } from './partitions.js'
import type { RedisSettings } from './settings.js'
import { isReply, judge } from './verdict.js'

/** Of keys, values and functions: what another version of it could not read, and would spoil. */
export const LAYOUT_VERSION = 1

const LEAST_VERSION = 7
const NO_CLUSTER = 'this Redis is not part of a Cluster: give its address as `url`, without `cluster`'
const NO_HISTORY =
  'this Redis does not name its replication history (`master_replid` of INFO): without it nobody could tell what a failover has lost'

/** What `INFO` says that matters here. */
export interface Facts {
  readonly product: 'redis' | 'valkey'
  readonly version: string
  readonly mode: string
}

/** Reads the answer of `INFO`. */
export function factsOf(info: string): Facts {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]?.trim() ?? ''
  const valkey = field('valkey_version')
  const mode = field('redis_mode') || field('server_mode')
  return valkey
    ? { product: 'valkey', version: valkey, mode }
    : { product: 'redis', version: field('redis_version'), mode }
}

/** Why this Redis cannot be used with these settings, or undefined if it can. */
export function objection({ product, version, mode }: Facts, settings: RedisSettings): string | undefined {
  if (mode === 'sentinel') {
    return 'this address is that of a Sentinel: give it as `sentinel: { name, nodes: [address] }`'
  }
  const major = Number(version.split('.')[0])
  if (!(major >= LEAST_VERSION)) {
    return `this is ${product} ${version || 'of an unknown version'}; Redis or Valkey 7.0 or newer is needed, for its Functions`
  }
  if (mode === 'cluster' && settings.mode !== 'cluster') {
    return 'this Redis is part of a Cluster: give the addresses of some of its nodes as `cluster: [address, …]`'
  }
  if (mode !== 'cluster' && settings.mode === 'cluster') {
    return NO_CLUSTER
  }
  return undefined
}

/** What the start-up checks are made with. */
export interface Checked {
  readonly settings: RedisSettings
  readonly libraries: readonly FunctionLibrary[]
  readonly publishCommand: string
  /** A key that this master serves. */
  readonly ownKey: string | undefined
  /** Where the layout stands, if this master serves it. */
  readonly layoutKey: string | undefined
}

/**
 * Gets a master ready: its version and kind, our functions, the rights of the user, and the layout of what is stored.
 * Rejects with a {@link LineError} `CONFIGURATION` that says what to do; with whatever else happens as it is.
 */
export async function checkMaster(connection: Connection, checked: Checked): Promise<Facts> {
  const { settings, libraries, publishCommand, ownKey, layoutKey } = checked
  const info = String(await said(connection, 'info', [], '+info'))
  const facts = factsOf(info)
  const why = objection(facts, settings)
  if (why) throw refusal(why)
  // No matter for a person, while a failover is under way. One that takes writes would lose them with its next copy.
  if (/^role:slave\r?$/m.test(info)) throw new Error('this Redis is a replica: its master is needed')
  const [, history] = /^master_replid:(\w+)/m.exec(info) ?? []
  if (history === undefined) throw refusal(NO_HISTORY)
  connection.history = history
  await selectDatabase(connection, settings.db)
  await loadLibraries(connection, libraries)
  if (ownKey !== undefined) {
    const own = settings.mode === 'cluster' ? ['asking'] : []
    const commands = [...new Set([publishCommand, ...libraries.flatMap((library) => library.commands), ...own])]
    const denied = await said(connection, 'fcall', [`${LINE.prefix}_denied`, 1, ownKey, ...commands], '+fcall')
    if (Array.isArray(denied) && denied.length > 0) throw refusal(deniedSentence(denied.map(String), settings))
  }
  if (layoutKey !== undefined) {
    const ours = [LAYOUT_VERSION, PARTITIONS, publishCommand].map(String)
    const layout = (fn: string) => said(connection, 'fcall', [`${LINE.prefix}_${fn}`, 1, layoutKey, ...ours], '+fcall')
    const theirs = ((await layout('layout')) ?? (await layout('settle'))) as unknown[]
    const difference = layoutDifference(ours, theirs.map(String))
    if (difference) throw refusal(`${difference} It stands in the hash ${layoutKey}.`)
  }
  return facts
}

/** A connection that could not select its database is in another one, and nobody says so. */
async function selectDatabase(connection: Connection, db: number): Promise<void> {
  if (db === 0) return
  try {
    await said(connection, 'select', [db], '+select')
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('DB index'))) throw error
    throw refusal(`this Redis has no database ${db}: give another \`db\`, or more \`databases\` in its settings`, error)
  }
}

/**
 * Loads functions that are not there yet; none is ever replaced. Those that are there are asked for by name: a Redis that takes no
 * writes refuses to load anything, also what it has.
 */
export async function loadLibraries(connection: Connection, libraries: readonly FunctionLibrary[]): Promise<void> {
  await Promise.all(
    libraries.map(async ({ prefix, code }) => {
      try {
        await said(connection, 'fcall', [`${prefix}_here`, 0], '+fcall')
      } catch (error) {
        if (judge(error).kind !== 'unloaded') throw error
        await load(connection, code)
      }
    }),
  )
}

async function load(connection: Connection, code: string): Promise<void> {
  try {
    await said(connection, 'function', ['load', code], '+function|load')
  } catch (error) {
    // Another node was quicker.
    if (!(error instanceof Error && error.message.includes('already exists'))) throw error
  }
}

/** A refusal that a person has to do something about. */
export function refusal(sentence: string, cause?: unknown): LineError {
  return new LineError('CONFIGURATION', sentence, { cause })
}

/** What an error at the start means to a person, or the error itself when it may pass. */
export function explained(error: unknown): Error {
  const known = error instanceof Error ? error : new Error(String(error))
  if (known instanceof LineError) return known
  const { message } = known
  if (message.startsWith('WRONGPASS')) return refusal('Redis does not know this `username` and `password`', known)
  if (message.startsWith('NOAUTH') || message.includes('without any password configured')) {
    return refusal('Redis asks for a password: give `password`, and `username` if the user is not "default"', known)
  }
  if (message.startsWith('NOPERM')) {
    return refusal(
      `the user of Redis lacks a right (${message}); the guide to Redis has the rights that are needed`,
      known,
    )
  }
  if (message.includes('cluster support disabled')) return refusal(NO_CLUSTER, known)
  const code = 'code' in known ? String(known.code) : ''
  if (/^(ERR_TLS_CERT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/.test(code)) {
    const advice =
      'give the authority that signed it as `tls: { ca }`, and its name as `tls: { servername }` if it differs'
    return refusal(`the certificate of Redis was not accepted (${message}): ${advice}`, known)
  }
  return known
}

async function said(
  connection: Connection,
  name: string,
  args: readonly (string | number)[],
  right: string,
): Promise<unknown> {
  try {
    return await connection.send(name, args)
  } catch (error) {
    if (!isReply(error) || judge(error).kind !== 'configuration') throw error
    if (error.message.includes('unknown command')) {
      throw refusal(`this Redis does not know ${name.toUpperCase()}: Redis or Valkey 7.0 or newer is needed`, error)
    }
    if (!error.message.startsWith('NOPERM')) throw error
    throw refusal(`the user of Redis lacks a right (${error.message}): ACL SETUSER … ${right}`, error)
  }
}

function deniedSentence(denied: readonly string[], { keyPrefix, username = 'default' }: RedisSettings): string {
  const pattern = `${keyPrefix}rt1:*`
  const rights = denied.map((what) => (what === '~' || what === '&' ? `${what}${pattern}` : `+${what}`))
  return `the user of Redis lacks rights that our functions need: ACL SETUSER ${username} ${rights.join(' ')}`
}

function layoutDifference(ours: readonly string[], theirs: readonly string[]): string | undefined {
  const [version, partitions, publish] = theirs
  if (version !== ours[0]) {
    return `this Redis holds layout ${version}, and this version of the package writes layout ${ours[0]}: give another \`keyPrefix\`, or another Redis.`
  }
  if (partitions !== ours[1]) {
    return `this Redis was first used with ${partitions} partitions, and this version has ${ours[1]}: give another \`keyPrefix\`, or another Redis.`
  }
  if (publish !== ours[2]) {
    return `other nodes publish with ${publish?.toUpperCase()} here, and this one would with ${ours[2]?.toUpperCase()}, so that they would not hear each other: it was used as ${publish === 'spublish' ? 'a Cluster' : 'one Redis'} before. Give another \`keyPrefix\`, or stop all nodes and delete it.`
  }
  return undefined
}
