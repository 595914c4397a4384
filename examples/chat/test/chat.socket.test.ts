import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { bundlePage, startChat, type RunningChat } from './support/chat.js'
import { rawClient, type RawClient } from './support/raw-client.js'

let page: Awaited<ReturnType<typeof bundlePage>>
let chat: RunningChat
let clients: RawClient[]

beforeAll(async () => {
  page = await bundlePage()
})

afterAll(() => page?.remove())

beforeEach(async () => {
  clients = []
  chat = await startChat(page.url)
})

afterEach(async () => {
  for (const client of clients) await client.close()
  await chat.close()
})

async function connect(data?: unknown): Promise<RawClient> {
  const client = await rawClient(chat.port, data)
  clients.push(client)
  return client
}

test.each([
  ['no data', undefined],
  ['an empty name', { name: '' }],
  ['a blank name', { name: '  ' }],
  ['a name that is no text', { name: { toString: 'Ada' } }],
  ['a name that is too long', { name: 'a'.repeat(41) }],
])('[A5] a message without a name (%s) is refused privately, and nobody else hears of it', async (_, data) => {
  const listener = await connect({ name: 'Grace' })
  const nameless = await connect(data)
  // The page would not send a name in the data. The server does not believe it either.
  nameless.publish(1, { text: 'psst', name: 'Ada' })
  const [refusal] = await nameless.of('error')
  expect(refusal).toMatchObject({ ref: 1, code: 'REFUSED', message: 'The server wants to know your name first.' })
  // Messages keep their order: with this one, everything before it has arrived.
  await chat.realtime.publish('room:lobby', { text: 'next', name: 'Server' })
  for (const client of [listener, nameless]) {
    expect((await client.of('publication')).map((frame) => frame.data)).toEqual([{ text: 'next', name: 'Server' }])
    expect(client.frames.map(({ type }) => type)).not.toContain('unsubscribed')
  }
  expect(listener.frames.map(({ type }) => type)).toEqual(['connected', 'subscribed', 'publication'])
})

test('[A6] the server writes the name into the message, whatever the client says it is', async () => {
  const listener = await connect({ name: 'Grace' })
  const sender = await connect({ name: ' Ada ' })
  sender.publish(1, { text: ' Hello ', name: 'The Queen', admin: true })
  for (const client of [listener, sender]) {
    const [publication] = await client.of('publication')
    expect(publication).toMatchObject({ data: { name: 'Ada', text: 'Hello' }, from: { user: 'Ada' } })
    expect(publication?.data).not.toHaveProperty('admin')
  }
})

test('[A2] the welcome comes with the connection and goes to nobody else', async () => {
  const first = await connect({ name: 'Ada' })
  const second = await connect({ name: 'Grace' })
  expect((await first.of('connected')).map(({ hello }) => hello)).toEqual(['Welcome, Ada! Only you can see this.'])
  expect((await second.of('connected')).map(({ hello }) => hello)).toEqual(['Welcome, Grace! Only you can see this.'])
  expect(JSON.stringify(first.frames)).not.toContain('Grace')
})

test('a message that breaks the contract is refused with the words of the contract', async () => {
  const ada = await connect({ name: 'Ada' })
  ada.publish(1, { text: 'x'.repeat(2001) })
  expect(await ada.of('error')).toMatchObject([
    { code: 'INVALID_DATA', message: 'A message has at most 2,000 characters.' },
  ])
})

test('the page is served with a policy that runs no foreign script, and nothing else is served', async () => {
  const get = (path: string) => fetch(`http://127.0.0.1:${chat.port}${path}`)
  const index = await get('/?utm=1')
  expect(index.status).toBe(200)
  expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(index.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect((await get('/page.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  for (const path of ['/server.js', '/../package.json', '/realtime', '/%2e%2e/package.json']) {
    expect((await get(path)).status, path).toBe(404)
  }
})
