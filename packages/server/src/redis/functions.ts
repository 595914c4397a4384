import { createHash } from 'node:crypto'

/** A library of Redis functions. */
export interface FunctionLibrary {
  /** What calls name it by, before the dot: letters. */
  readonly name: string
  /** As it goes to `FUNCTION LOAD`. */
  readonly code: string
  /** What the names of its functions begin with in Redis. */
  readonly prefix: string
  /** Commands that its functions call by name: the user needs the right to each. */
  readonly commands: readonly string[]
}

const HASH_CHARACTERS = 12

/**
 * Makes a library. Its Lua registers functions with `register('publish', callback)`, or with
 * `register('recover', callback, { 'no-writes' })`; they are called as `<name>.publish`. Commands are called by their name
 * in the text, `redis.call('XADD', …)`: the rights of the user are checked at the start from that.
 *
 * Names of functions are global in a Redis: here they carry a hash of the source, so that two versions of this package
 * use one Redis side by side, and none ever replaces what another one runs.
 */
export function functionLibrary(name: string, ...sources: readonly string[]): FunctionLibrary {
  const source = sources.join('\n')
  const hash = createHash('sha256').update(source).digest('hex').slice(0, HASH_CHARACTERS)
  const prefix = `rt1_${name}_${hash}`
  const code = `#!lua name=${prefix}
local NAME = '${prefix}'
local function register(name, callback, flags)
  redis.register_function{ function_name = NAME .. '_' .. name, callback = callback, flags = flags or {} }
end
register('here', function() return 1 end, { 'no-writes' })
${source}`
  return { name, code, prefix, commands: commandsIn(source) }
}

function commandsIn(source: string): readonly string[] {
  const calls = source.matchAll(/redis\.p?call\(\s*['"](\w+)['"]/g)
  return [...new Set([...calls].map(([, command = '']) => command.toLowerCase()))].sort()
}

/** What `<library>.<function>` is called in Redis. */
export class FunctionNames {
  private readonly prefixes: ReadonlyMap<string, string>
  private readonly known = new Map<string, string>()

  constructor(libraries: readonly FunctionLibrary[]) {
    this.prefixes = new Map(libraries.map(({ name, prefix }) => [name, prefix]))
  }

  /** @throws TypeError when no library is called so. */
  inRedis(fn: string): string {
    const known = this.known.get(fn)
    if (known) return known
    const [library = '', name] = fn.split('.')
    const prefix = this.prefixes.get(library)
    if (!prefix || !name) throw new TypeError(`no library of functions has "${fn}"`)
    this.known.set(fn, `${prefix}_${name}`)
    return `${prefix}_${name}`
  }
}
