import { afterEach, describe, expect, test, vi } from 'vitest'
import { RealtimeClient as BrowserClient } from '../src/browser.js'
import { RealtimeClient } from '../src/index.js'
import type { LinkEvents } from '../src/ports/transport.js'
import { systemNetwork } from '../src/platform/network.js'
import { systemRandom } from '../src/platform/random.js'
import { nodeTransport } from '../src/transport/node.js'
import { webSocketTransport } from '../src/transport/websocket.js'
import { settled } from './support/settled.js'

afterEach(() => {
  vi.doUnmock('ws')
  vi.unstubAllGlobals()
})

/** What a link tells, in order. */
function listening() {
  const heard: unknown[] = []
  const events: LinkEvents = {
    opened: () => heard.push('opened'),
    message: (text) => heard.push(text),
    closed: (code, reason) => heard.push([code, reason]),
  }
  return { heard, events }
}

/** A WebSocket class of which a test holds the last instance. */
class FakeSocket {
  static last: FakeSocket
  protocol = 'p'
  readyState = 1
  bufferedAmount = 7
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  readonly calls: unknown[] = []

  constructor(
    readonly url: string,
    readonly protocols: string,
  ) {
    if (url.includes('bad')) throw new SyntaxError('bad url')
    FakeSocket.last = this
  }

  send(text: string): void {
    this.calls.push(text)
  }

  close(code: number, reason: string): void {
    this.calls.push([code, reason])
  }
}

describe('without a WebSocket', () => {
  test('nothing throws; the browser client ends with NO_WEBSOCKET when it is used', async () => {
    vi.stubGlobal('WebSocket', undefined)
    const client = new BrowserClient('wss://example.test')
    client.connect()
    await settled()
    expect(client.state).toMatchObject({ status: 'closed', error: { code: 'NO_WEBSOCKET' } })
  })

  test('and without ws, so does the Node client', async () => {
    vi.stubGlobal('WebSocket', undefined)
    vi.doMock('ws', () => {
      throw new Error('not installed')
    })
    const client = new RealtimeClient('wss://example.test')
    const publish = client.channel('room').publish(1)
    await expect(publish).rejects.toMatchObject({ code: 'NO_WEBSOCKET' })
    expect(client.state.status).toBe('closed')
  })
})

describe('in Node', () => {
  test('ws is taken when it is installed, before the global one', async () => {
    vi.doMock('ws', () => ({ WebSocket: FakeSocket }))
    vi.stubGlobal('WebSocket', undefined)
    const { events } = listening()
    nodeTransport().dial('wss://example.test', 'p', events)
    await vi.waitFor(() => expect(FakeSocket.last).toMatchObject({ url: 'wss://example.test', protocols: 'p' }))
  })

  test('a link closed before ws was found tells closed, once, and opens nothing', async () => {
    const dialled: string[] = []
    class Counted extends FakeSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols)
        dialled.push(url)
      }
    }
    vi.doMock('ws', () => ({ WebSocket: Counted }))
    const { heard, events } = listening()
    const link = nodeTransport().dial('wss://example.test', 'p', events)
    link.send('lost')
    link.close(1000, 'bye')
    await vi.waitFor(() => expect(heard).toEqual([[1000, 'bye']]))
    expect(dialled).toEqual([])
    expect(link.bufferedBytes).toBe(0)
  })

  test('the WebSocket option comes first', async () => {
    const client = new RealtimeClient('wss://option.test', { WebSocket: FakeSocket })
    client.connect()
    await settled()
    expect(FakeSocket.last.url).toBe('wss://option.test')
    await client.close()
  })
})

describe('a WebSocket link', () => {
  test('tells what happens, sends while open, and names what it has buffered', () => {
    const { heard, events } = listening()
    const link = webSocketTransport(FakeSocket).dial('wss://a', 'p', events)
    const socket = FakeSocket.last
    socket.onopen?.()
    socket.onmessage?.({ data: 'text' })
    socket.onmessage?.({ data: new ArrayBuffer(1) })
    link.send('hi')
    expect(link.bufferedBytes).toBe(7)
    link.close(1000, 'bye')
    socket.readyState = 2
    link.send('too late')
    socket.onerror?.()
    socket.onclose?.({ code: 1000, reason: 'bye' })
    socket.onclose?.({ code: 1000, reason: 'bye' })
    socket.onmessage?.({ data: 'late' })
    expect(heard).toEqual(['opened', 'text', '', [1000, 'bye']])
    expect(socket.calls).toEqual(['hi', [1000, 'bye']])
  })

  test('with a server that chose no subprotocol is refused as 1002', () => {
    const { heard, events } = listening()
    webSocketTransport(FakeSocket).dial('wss://a', 'other', events)
    FakeSocket.last.onopen?.()
    FakeSocket.last.onclose?.({ code: 1000, reason: '' })
    expect(heard).toEqual([[1002, 'subprotocol']])
    expect(FakeSocket.last.calls).toEqual([[1000, '']])
  })

  test('that cannot even be made is closed with 1006, after dial has returned', async () => {
    const { heard, events } = listening()
    const link = webSocketTransport(FakeSocket).dial('wss://bad', 'p', events)
    expect(heard).toEqual([])
    link.send('x')
    link.close(1000, '')
    await settled()
    expect(heard).toEqual([[1006, 'SyntaxError: bad url']])
  })
})

describe('the network of the platform', () => {
  test('is online and silent where there is no page', () => {
    vi.stubGlobal('navigator', undefined)
    expect(systemNetwork.online).toBe(true)
    expect(() => systemNetwork.watch(() => {})()).not.toThrow()
  })

  test('tells online and offline, and that the page is frozen or left, and every kind of waking of a page that is seen, until it is not watched any more', () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
    const target = new EventTarget()
    vi.stubGlobal('navigator', { onLine: false })
    vi.stubGlobal('document', page)
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
    const heard: string[] = []
    const unwatch = systemNetwork.watch((event) => heard.push(event))
    const all = () => {
      for (const type of ['online', 'offline', 'pagehide', 'pageshow']) target.dispatchEvent(new Event(type))
      for (const type of ['freeze', 'resume', 'visibilitychange']) page.dispatchEvent(new Event(type))
    }
    expect(systemNetwork.online).toBe(false)
    all()
    expect(heard).toEqual(['online', 'offline', 'sleep', 'sleep'])
    page.visibilityState = 'visible'
    all()
    expect(heard.slice(4)).toEqual(['online', 'offline', 'sleep', 'wake', 'sleep', 'wake', 'wake'])
    unwatch()
    all()
    expect(heard).toHaveLength(11)
  })
})

test('ids are 128 random bits as 22 characters of base64url', () => {
  const ids = Array.from({ length: 200 }, () => systemRandom.id())
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
  expect(new Set(ids).size).toBe(200)
  expect(systemRandom.fraction()).toBeLessThan(1)
})
