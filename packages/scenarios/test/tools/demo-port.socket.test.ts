import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { demoPort } from '../../../../scripts/lib/demo-port.mjs'

/** A port that somebody has. */
async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('a demo takes the next port when the usual one is taken', async () => {
  const first = await taken()
  const port = await demoPort({}, first)
  expect(port).toBeGreaterThan(first)
  expect(port).toBeLessThan(first + 20)
})

test('a demo takes the port that PORT asks for, and any for 0', async () => {
  const first = await taken()
  const free = await demoPort({}, first)
  expect(await demoPort({ PORT: String(free) }, first)).toBe(free)
  expect(await demoPort({ PORT: '0' }, first)).toBe(0)
})

test('a demo whose PORT is taken, or is none, says what to do', async () => {
  const port = await taken()
  await expect(demoPort({ PORT: String(port) })).rejects.toThrow(`Port ${port} is taken. Set PORT to another one`)
  await expect(demoPort({ PORT: 'none' })).rejects.toThrow(/^Port none cannot be had: .* Set PORT to another one/)
})
