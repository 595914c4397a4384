import { utf8Bytes } from '@org/realtime-protocol'
import type { EncodedFrame, Transport, TransportHandler } from '../../ports/index.js'
import type { TestFramework } from './framework.js'

/** The other end of a link, in the hands of the suite. */
export interface TransportPeer {
  /** The messages that have arrived here, in order. */
  readonly heard: readonly string[]
  /** How the link ended, as it is seen here. */
  readonly end: { readonly code: number; readonly reason: string } | undefined
  /** Sends a text message. */
  say(text: string): void
  /** Ends the link after what was said. */
  close(code: number, reason: string): void
  /** Reads nothing until {@link resume}. */
  stall(): void
  /** Reads again. */
  resume(): void
  /** Pings below the protocol. Absent where a link knows no such thing. */
  ping?(): void
  /** Sends a message that is no text. Absent where there can be none. */
  sayBinary?(): void
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface TransportFixture {
  /** Opens a link between a handler and a peer. */
  open(handler: TransportHandler): Promise<{ readonly transport: Transport; readonly peer: TransportPeer }>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}

/** What a peer that reads nothing is sent at most until something is buffered. */
const PLENTY = 1_024

/**
 * The law of the {@link Transport} port as tests.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes something that opens links.
 */
export function transportContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<TransportFixture> | TransportFixture,
): void {
  function law(title: string, body: (link: Link, fixture: TransportFixture) => Promise<void>): void {
    test(title, async () => {
      const fixture = await createFixture()
      try {
        const told = new Told()
        await body({ told, ...(await fixture.open(told)) }, fixture)
        expect(told.early).toEqual([])
      } finally {
        await fixture.dispose()
      }
    })
  }

  describe(`the transport ${name}`, () => {
    law('brings frames whole and in order, in one write or in many', async ({ transport, peer }, fixture) => {
      const texts = Array.from({ length: 40 }, (_, i) => `${i} grüße 😀 ${'x'.repeat(i * 200)}`)
      transport.write(texts.slice(0, 20).map(frame))
      for (const text of texts.slice(20)) transport.write([frame(text)])
      transport.write([])
      await fixture.eventually(() => peer.heard.length >= 40)
      expect(peer.heard).toEqual(texts)
    })

    law('brings a frame that several links share to each of them', async ({ transport, peer }, fixture) => {
      const other = await fixture.open(new Told())
      const shared = [frame('shared 😀'), frame('too')]
      for (const each of [transport, other.transport]) each.write(shared)
      for (const each of [transport, other.transport]) each.write(shared)
      await fixture.eventually(() => peer.heard.length === 4 && other.peer.heard.length === 4)
      expect(peer.heard).toEqual(['shared 😀', 'too', 'shared 😀', 'too'])
      expect(other.peer.heard).toEqual(peer.heard)
    })

    law('tells what the peer says, whole and in order, and counts its bytes', async (link, fixture) => {
      const { told, transport, peer } = link
      const before = transport.receivedBytes
      const texts = Array.from({ length: 40 }, (_, i) => `${i} grüße 😀 ${'x'.repeat(i * 200)}`)
      for (const text of texts) peer.say(text)
      await fixture.eventually(() => told.texts.length >= 40)
      expect(told.texts).toEqual(texts)
      const bytes = texts.reduce((sum, text) => sum + utf8Bytes(text), 0)
      expect(transport.receivedBytes).toBeGreaterThanOrEqual(before + bytes)
    })

    law('closes after what was written, and says so once, later', async (link, fixture) => {
      const { told, transport, peer } = link
      told.during('close', () => {
        transport.write([frame('first'), frame('last')])
        transport.close(4321, 'grüße')
      })
      await fixture.eventually(() => told.ends.length > 0 && peer.end !== undefined)
      expect(peer.heard).toEqual(['first', 'last'])
      expect(peer.end).toEqual({ code: 4321, reason: 'grüße' })
      await fixture.quiet()
      expect(told.ends).toHaveLength(1)
    })

    law('does nothing more once it closes', async (link, fixture) => {
      const { told, transport, peer } = link
      transport.close(4000, '')
      transport.write([frame('too late')])
      transport.close(4999, 'again')
      transport.ping()
      await fixture.eventually(() => told.ends.length > 0 && peer.end !== undefined)
      transport.write([frame('much too late')])
      transport.close(4999, 'again')
      transport.ping()
      transport.terminate()
      await fixture.quiet()
      expect([peer.heard, peer.end?.code, told.ends.length]).toEqual([[], 4000, 1])
    })

    law('tells how the peer ended it, after all that it said, and nothing afterwards', async (link, fixture) => {
      const { told, peer } = link
      peer.say('last words')
      peer.close(4001, 'enough')
      await fixture.eventually(() => told.ends.length > 0)
      await fixture.quiet()
      expect(told.all).toEqual(['receive last words', 'closed 4001 enough'])
    })

    law('is cut at once, and says so once, later', async (link, fixture) => {
      const { told, transport, peer } = link
      told.during('terminate', () => transport.terminate())
      await fixture.eventually(() => told.ends.length > 0 && peer.end !== undefined)
      transport.terminate()
      await fixture.quiet()
      expect(told.ends).toHaveLength(1)
    })

    law('is cut at once when the peer has yet to answer a close', async (link, fixture) => {
      const { told, transport, peer } = link
      peer.stall()
      transport.close(4000, '')
      transport.terminate()
      await fixture.eventually(() => told.ends.length > 0)
      peer.resume()
      await fixture.quiet()
      expect(told.ends).toHaveLength(1)
    })

    law('buffers what a peer does not read, and tells when nothing is left of it', async (link, fixture) => {
      const { told, transport, peer } = link
      expect(transport.bufferedBytes).toBe(0)
      peer.stall()
      await fixture.quiet()
      const large = frame('x'.repeat(65_536))
      let written = 0
      while (transport.bufferedBytes === 0 && written < PLENTY) {
        transport.write([large])
        written += 1
        await fixture.quiet()
      }
      expect(transport.bufferedBytes).toBeGreaterThanOrEqual(1)
      const { drains } = told
      peer.resume()
      await fixture.eventually(() => told.drains > drains && peer.heard.length === written)
      expect(transport.bufferedBytes).toBe(0)
    })

    law('tells a ping of the peer, which it answers itself, where there are such', async (link, fixture) => {
      const { told, peer } = link
      peer.ping?.()
      peer.say('after it')
      await fixture.eventually(() => told.texts.length > 0)
      expect(told.all).toEqual([...(peer.ping ? ['pinged'] : []), 'receive after it'])
    })

    law('tells a message that is no text as a violation, where there are such', async (link, fixture) => {
      const { told, peer } = link
      peer.sayBinary?.()
      peer.say('after it')
      await fixture.eventually(() => told.texts.length > 0)
      expect(told.all).toEqual([...(peer.sayBinary ? ['violated'] : []), 'receive after it'])
    })
  })
}

interface Link {
  readonly told: Told
  readonly transport: Transport
  readonly peer: TransportPeer
}

/** Keeps what a transport tells, and what it tells from inside a call. */
class Told implements TransportHandler {
  /** All of it, in order; but not drains, which may come at any time. */
  readonly all: string[] = []
  readonly texts: string[] = []
  readonly ends: number[] = []
  readonly early: string[] = []
  drains = 0
  private calling: string | undefined

  /** Makes calls of the transport from which nothing may be told. */
  during(call: string, does: () => void): void {
    this.calling = call
    does()
    this.calling = undefined
  }

  receive(text: string): void {
    this.texts.push(text)
    this.note(`receive ${text}`)
  }

  violated(): void {
    this.note('violated')
  }

  pinged(): void {
    this.note('pinged')
  }

  drained(): void {
    this.drains += 1
    if (this.calling !== undefined) this.early.push(`drained in ${this.calling}`)
  }

  closed(code: number, reason: string): void {
    this.ends.push(code)
    this.note(`closed ${code} ${reason}`)
  }

  private note(what: string): void {
    this.all.push(what)
    if (this.calling !== undefined) this.early.push(`${what} in ${this.calling}`)
  }
}

function frame(text: string): EncodedFrame {
  return { text, bytes: utf8Bytes(text) }
}
