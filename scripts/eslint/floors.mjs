// The law of the house as a lint rule: imports point downward, siblings on a floor never import each other.
// The compiler says the same for floors 0 to 2 (see the tsconfig of each); this rule also knows the floors above.
import { posix, relative, sep } from 'node:path'
import { root } from '../lib/pnpm.mjs'

/** What a package may import from its fellow packages. What is not listed here imports none. */
const PACKAGES = {
  protocol: [],
  server: ['protocol'],
  client: ['protocol'],
  scenarios: ['protocol', 'server', 'client'],
}

/** Outside code that the pure floors may use: it does no I/O and keeps no time. */
const PURE_DEPENDENCIES = ['eventemitter3']

const SCOPE = '@org/realtime-'

/** The room that a file lives in, or undefined for files outside `packages/<name>/src`. */
function roomOf(path) {
  const match = /^packages\/([^/]+)\/src\/(?:([^/]+)\/)?/.exec(path)
  if (!match) return undefined
  const [, inPackage, folder] = match
  return { inPackage, name: folder ? `${inPackage}/${folder}` : inPackage, floor: floorOf(inPackage, folder) }
}

function floorOf(inPackage, folder) {
  if (folder === 'testing') return 5
  if (inPackage === 'protocol') return 0
  if (folder === 'ports') return 1
  if (folder === 'core') return 2
  return folder ? 3 : 4
}

/** Why `room` may not import `specifier`, or undefined if it may. */
function objection(room, file, specifier) {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier)
    const targetRoom = roomOf(target)
    if (targetRoom?.inPackage !== room.inPackage) return `"${specifier}" leaves the sources of the package`
    if (targetRoom.name === room.name || targetRoom.floor < room.floor) return undefined
    if (targetRoom.floor === room.floor)
      return `${room.name} and ${targetRoom.name} are siblings on floor ${room.floor}`
    return `${room.name} is on floor ${room.floor}, ${targetRoom.name} above it on floor ${targetRoom.floor}`
  }
  if (specifier.startsWith(SCOPE)) {
    const target = specifier.slice(SCOPE.length).split('/')[0]
    const allowed = PACKAGES[room.inPackage] ?? []
    return allowed.includes(target) ? undefined : `the package ${room.inPackage} may not import ${specifier}`
  }
  if (room.inPackage === 'protocol') return 'the protocol has no dependency'
  if (room.floor <= 2 && !PURE_DEPENDENCIES.includes(specifier))
    return `floor ${room.floor} is pure and may not import "${specifier}"`
  return undefined
}

const rule = {
  meta: {
    type: 'problem',
    docs: { description: 'imports point downward through the floors, never sideways or up' },
    messages: { upward: 'Imports only point downward: {{why}}.' },
    schema: [],
  },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/')
    const room = roomOf(file)
    if (!room || room.inPackage === 'scenarios') return {}
    const check = (source) => {
      if (typeof source?.value !== 'string') return
      const why = objection(room, file, source.value)
      if (why) context.report({ node: source, messageId: 'upward', data: { why } })
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
    }
  },
}

export default { rules: { downward: rule } }
