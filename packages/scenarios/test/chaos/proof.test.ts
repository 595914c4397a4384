import { expect, test } from 'vitest'
import { Proof } from '../../src/chaos/proof.js'
import type { Remains } from '../../src/chaos/settled.js'

const remains: Remains = { dumps: new Map(), members: [], tookMs: 7 }

test('claims that did not come true by the end of the round are named, and no others', async () => {
  const proof = new Proof()
  let isSo = false
  proof.claim('it rained', () => isSo)
  proof.claim('it snowed', () => Promise.resolve(false))
  proof.claim('it took its time', ({ tookMs }) => tookMs === 7)
  isSo = true
  expect(await proof.failed(remains)).toEqual(['it snowed'])
})
