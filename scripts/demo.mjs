// `pnpm demo [name]`: installs, builds the packages and starts an example, by default the chat, which prints its
// address. It takes the first free port from 3000 on, or that of `PORT`; with `--built` the packages are taken as they are.
import { spawn, spawnSync } from 'node:child_process'
import { demoPort } from './lib/demo-port.mjs'
import { installOrExit, pnpm, root } from './lib/pnpm.mjs'

/** Each demo: the example it starts, and the script of the example that does it. */
const DEMOS = {
  chat: ['chat', 'start'],
  cluster: ['chat', 'start:cluster'],
  'order-push': ['order-push', 'start'],
}
/** Time the server has to end after a signal. */
const STOP_MS = 15_000

const isBuilt = process.argv.includes('--built')
const [name = 'chat'] = process.argv.slice(2).filter((argument) => argument !== '--built')
if (!Object.hasOwn(DEMOS, name)) {
  console.error(`There is no demo ${name}. There are ${Object.keys(DEMOS).join(', ')}.`)
  process.exit(1)
}
const [example, script] = DEMOS[name]
const EXAMPLE = `@org/realtime-example-${example}`

// Before what takes long.
const port = await demoPort().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
installOrExit()
const [command, ...buildArgs] = pnpm('--filter', `${EXAMPLE}^...`, '--workspace-concurrency=1', 'run', 'build')
if (!isBuilt) buildOrExit()

const [, ...startArgs] = pnpm('--filter', EXAMPLE, 'run', script)
const server = spawn(command, startArgs, {
  cwd: root,
  env: { ...process.env, PORT: String(port) },
  stdio: ['ignore', 'inherit', 'inherit'],
  // A process group of its own: a signal has to reach the server behind pnpm and its shell, which do not pass it on.
  detached: true,
})
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopping = true
    if (groupIsThere()) process.kill(-server.pid, signal)
  })
}
server.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
server.on('exit', async (code, signal) => {
  // A signal ends pnpm at once; the server behind it finishes what is at hand, and its database.
  const deadline = Date.now() + STOP_MS
  while (stopping && groupIsThere() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50))
  process.exit(stopping ? 0 : (code ?? (signal ? 1 : 0)))
})

function groupIsThere() {
  try {
    return process.kill(-server.pid, 0)
  } catch {
    return false
  }
}

function buildOrExit() {
  console.log('\nBuilding the packages …')
  const build = spawnSync(command, buildArgs, { cwd: root, encoding: 'utf8' })
  if (build.status !== 0) {
    console.error(`${build.stdout ?? ''}${build.stderr ?? ''}${build.error?.message ?? ''}\nThe build failed.`)
    process.exit(1)
  }
}
