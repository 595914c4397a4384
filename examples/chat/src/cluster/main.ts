/** The chat on two servers behind one address, with Redis between them. */
import { fileURLToPath } from 'node:url'
import { installedHaproxy, startHaproxy } from './haproxy.js'
import { Nodes } from './nodes.js'
import { startRedis } from './redis-server.js'
import { startSplitter } from './splitter.js'

const place = { host: process.env['HOST'] ?? '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) }

const redis = await startRedis().catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
const nodes = new Nodes(fileURLToPath(new URL('./cluster-node.js', import.meta.url)), redis.url, ['A', 'B'])
const closers = [() => redis.stop(), () => nodes.stop()]

let stopping: Promise<void> | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void (stopping ??= stop()))

await nodes.start()
const haproxy = installedHaproxy()
const starting = haproxy ? startHaproxy(haproxy, nodes.targets, place) : startSplitter(() => nodes.ports, place)
const front = await starting.catch((error: Error) => fail(error.message))
if (front && stopping) await front.close()
else if (front) {
  closers.push(() => front.close())
  void front.failed.then((why) => stopping ?? fail(why))
  const instead = haproxy ? '' : ' of the demo, for there is no haproxy here,'
  console.log(`${front.name}${instead} gives connections to two servers, A and B, in turn.`)
  console.log(`Redis is at ${redis.url}.`)
  console.log(`Chat is ready: http://localhost:${front.port}`)
}

/** Ends everything; the last to come goes first. */
async function stop(): Promise<void> {
  while (closers.length > 0) await closers.pop()?.()
}

async function fail(why: string): Promise<undefined> {
  console.error(why)
  process.exitCode = 1
  await (stopping ??= stop())
  return undefined
}
