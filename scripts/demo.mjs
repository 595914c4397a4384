// `pnpm demo`: installs, builds the packages and starts the chat example, which prints its address. `PORT` sets the port.
import { spawn, spawnSync } from 'node:child_process'
import { installOrExit, pnpm, root } from './lib/pnpm.mjs'

const EXAMPLE = '@org/realtime-example-chat'

installOrExit()
console.log('\nBuilding the packages …')
const [command, ...buildArgs] = pnpm('--filter', `${EXAMPLE}^...`, '--workspace-concurrency=1', 'run', 'build')
const build = spawnSync(command, buildArgs, { cwd: root, encoding: 'utf8' })
if (build.status !== 0) {
  console.error(`${build.stdout ?? ''}${build.stderr ?? ''}${build.error?.message ?? ''}\nThe build failed.`)
  process.exit(1)
}

const [, ...startArgs] = pnpm('--filter', EXAMPLE, 'run', 'start')
const server = spawn(command, startArgs, {
  cwd: root,
  env: { ...process.env, PORT: process.env.PORT ?? '3000' },
  stdio: ['ignore', 'inherit', 'inherit'],
  // A process group of its own: a signal has to reach the server behind pnpm and its shell, which do not pass it on.
  detached: true,
})
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopping = true
    if (server.pid) process.kill(-server.pid, signal)
  })
}
server.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
server.on('exit', (code, signal) => process.exit(stopping ? 0 : (code ?? (signal ? 1 : 0))))
