/** The chat on two servers behind one address, with Redis between them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Nodes } from './nodes.js'
import { startRedis } from './redis-server.js'
import { createSplitter } from './splitter.js'

const redis = await startRedis().catch((error: Error) => {
  console.error(error.message)
  process.exit(1)
})
const nodes = new Nodes(fileURLToPath(new URL('./cluster-node.js', import.meta.url)), redis.url, ['A', 'B'])
const splitter = createSplitter(() => nodes.ports)

let stopping: Promise<void> | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void (stopping ??= stop()))

await nodes.start()
splitter.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
  stopping ??= stop()
})
splitter.listen(Number(process.env['PORT'] ?? 3000), process.env['HOST'] ?? '127.0.0.1')
await once(splitter, 'listening')
const { port } = splitter.address() as AddressInfo
console.log(`Two servers, A and B, take the connections in turn; Redis is at ${redis.url}.`)
console.log(`Chat is ready: http://localhost:${port}`)

async function stop(): Promise<void> {
  splitter.close()
  await nodes.stop()
  await redis.stop()
}
