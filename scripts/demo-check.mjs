// `pnpm demo:check`: starts the demo as a newcomer would, opens its page, stops it, and sees that nothing is left behind.
import { spawn } from 'node:child_process'
import { root } from './lib/pnpm.mjs'

const DEADLINE_MS = 120_000

const demo = spawn(process.execPath, ['scripts/demo.mjs'], {
  cwd: root,
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = new Promise((resolve) => demo.once('exit', resolve))
const deadline = setTimeout(() => fail(`the demo was not ready within ${DEADLINE_MS} ms`), DEADLINE_MS)

let printed = ''
for await (const chunk of demo.stdout) {
  printed += chunk
  const [, address] = /Chat is ready: (http:\/\/\S+)/.exec(printed) ?? []
  if (!address) continue
  const page = await (await fetch(address)).text()
  if (!page.includes('<title>')) fail(`${address} shows no page`)
  demo.kill('SIGTERM')
  const code = await ended
  if (code !== 0) fail(`the demo ended with ${code}`)
  if (await fetch(address).then(Boolean, () => false)) fail(`${address} still answers`)
  clearTimeout(deadline)
  console.log(`The demo was ready at ${address}, showed its page, and left nothing behind.`)
  process.exit(0)
}
fail('the demo ended before it was ready')

function fail(message) {
  console.error(message)
  demo.kill('SIGTERM')
  process.exit(1)
}
