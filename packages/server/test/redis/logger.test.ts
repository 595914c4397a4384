import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { RealtimeServer, type Backend, type Logger } from '../../src/index.js'
import { redis } from '../../src/redis.js'
import { RecordingLogger } from '../support/recording-logger.js'

const AWAY = 'Redis cannot be reached'

/** An address where nobody listens. */
async function nobodyAt(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `redis://127.0.0.1:${port}`
}

/** A server that wants to reach its backend. */
function attached(backend: Backend, logger?: Logger): void {
  const realtime = new RealtimeServer(undefined, { backend, ...(logger && { logger }) })
  realtime.attach(createHttpServer())
  onTestFinished(() => realtime.close())
}

test('a backend without a logger reports to that of its server, with the reason and the address', async () => {
  const logger = new RecordingLogger()
  const url = await nobodyAt()
  attached(redis({ url }), logger)
  await vi.waitFor(() => expect(logger.of('warn')).toContain(AWAY))
  const { fields } = logger.lines.find(({ message }) => message === AWAY) ?? {}
  expect(fields?.['error']).toMatchObject({ message: `connect ECONNREFUSED ${new URL(url).host}` })
})

test('a backend that several servers share reports to the first of them that has a logger', async () => {
  const [first, second] = [new RecordingLogger(), new RecordingLogger()]
  const backend = redis({ url: await nobodyAt() })
  attached(backend)
  attached(backend, first)
  attached(backend, second)
  await vi.waitFor(() => expect(first.of('warn')).toContain(AWAY))
  expect(second.of('warn')).not.toContain(AWAY)
})

test('a backend with a logger of its own reports there, and not to that of its server', async () => {
  const [own, server] = [new RecordingLogger(), new RecordingLogger()]
  attached(redis({ url: await nobodyAt(), logger: own }), server)
  await vi.waitFor(() => expect(own.of('warn')).toContain(AWAY))
  expect(server.of('warn')).not.toContain(AWAY)
})
