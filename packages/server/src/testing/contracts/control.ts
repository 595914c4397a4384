import type { Control } from '../../ports/index.js'
import type { TestFramework } from './framework.js'
import { lawOf } from './law.js'

/** One node, with what it heard. */
export interface ControlNode {
  /** Its end of the control. */
  readonly control: Control
  /** What it heard, in order. */
  readonly heard: ReadonlyArray<{ readonly from: string; readonly text: string }>
  /** Leaves the backend. */
  leave(): Promise<void>
}

/** What the suite needs of an implementation: made fresh for every test. */
export interface ControlFixture {
  /** Joins a node. */
  join(): Promise<ControlNode>
  /** Waits until a condition holds, or fails in a time that suits the implementation. */
  eventually(condition: () => boolean): Promise<void>
  /** Waits until whatever was on its way to the nodes has arrived. */
  quiet(): Promise<void>
  /** Lets go of everything. */
  dispose(): Promise<void>
}

/**
 * The law of the {@link Control} port as tests.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a backend that no node has joined yet.
 */
export function controlContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<ControlFixture> | ControlFixture,
): void {
  type Three = readonly [ControlNode, ControlNode, ControlNode]

  const law = lawOf(
    test,
    createFixture,
    async (fixture): Promise<[Three, ControlFixture]> => [
      [await fixture.join(), await fixture.join(), await fixture.join()],
      fixture,
    ],
  )

  const texts = ({ heard }: ControlNode): string[] => heard.map(({ text }) => text)

  describe(`the control ${name}`, () => {
    law('gives every node a name of its own, by which it is among the others of the others', async (nodes) => {
      const names = nodes.map(({ control }) => control.node)
      expect(new Set(names).size).toBe(3)
      for (const { control } of nodes) {
        expect([...(await control.others())].sort()).toEqual(names.filter((each) => each !== control.node).sort())
      }
    })

    law('hands a text to every other node once, with the name of who said it', async ([a, b, c], fixture) => {
      await a.control.broadcast('{"say":"🎈"}')
      await fixture.eventually(() => b.heard.length > 0 && c.heard.length > 0)
      await fixture.quiet()
      const word = { from: a.control.node, text: '{"say":"🎈"}' }
      expect([a.heard, b.heard, c.heard]).toEqual([[], [word], [word]])
    })

    law('hands a text to one node', async ([a, b, c], fixture) => {
      await a.control.send(c.control.node, 'you')
      await fixture.eventually(() => c.heard.length > 0)
      await fixture.quiet()
      expect([a.heard, b.heard, c.heard]).toEqual([[], [], [{ from: a.control.node, text: 'you' }]])
    })

    law('keeps the order of what one node says to another, both ways of saying it mixed', async ([a, b], fixture) => {
      const said = Array.from({ length: 50 }, (_, i) => String(i))
      await Promise.all(
        said.map((text, i) => (i % 3 === 0 ? a.control.send(b.control.node, text) : a.control.broadcast(text))),
      )
      await fixture.eventually(() => b.heard.length === 50)
      expect(texts(b)).toEqual(said)
    })

    law(
      'hands nothing to a node that nobody has heard of, to one that has left, or to itself',
      async (nodes, fixture) => {
        const [a, b, c] = nodes
        await b.leave()
        await a.control.send('nobody', 'x')
        await a.control.send(b.control.node, 'x')
        await a.control.send(a.control.node, 'x')
        await a.control.broadcast('all')
        await fixture.eventually(() => c.heard.length > 0)
        await fixture.quiet()
        expect([texts(a), texts(b), texts(c)]).toEqual([[], [], ['all']])
      },
    )

    law('counts a node that has left among the others of nobody', async ([a, b, c]) => {
      await b.leave()
      expect([...(await a.control.others())]).toEqual([c.control.node])
    })

    law('calls no handler from inside a call', async ([a, b]) => {
      void a.control.broadcast('x')
      void a.control.send(b.control.node, 'y')
      expect(b.heard).toEqual([])
    })

    law('carries a text of 200,000 characters', async ([a, b], fixture) => {
      await a.control.send(b.control.node, 'ä'.repeat(200_000))
      await fixture.eventually(() => b.heard.length > 0)
      expect(b.heard[0]?.text).toBe('ä'.repeat(200_000))
    })

    law('lets a node that joins later hear what is said from then on, and nothing before', async ([a], fixture) => {
      await a.control.broadcast('before')
      await fixture.quiet()
      const late = await fixture.join()
      await a.control.broadcast('after')
      await fixture.eventually(() => late.heard.length > 0)
      expect(texts(late)).toEqual(['after'])
    })
  })
}
