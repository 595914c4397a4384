import type { TestFramework } from './framework.js'
import { lawOf } from './law.js'
import { failover } from './presence-store/failover.js'
import { lifetimes } from './presence-store/lifetimes.js'
import { membership } from './presence-store/members.js'
import { operations } from './presence-store/operations.js'
import { owners } from './presence-store/owners.js'
import { watching } from './presence-store/watchers.js'
import type { PresenceFixture } from './presence-store/fixture.js'
import type { PresenceSuite } from './presence-store/suite.js'

export type { PresenceFixture, PresenceNode } from './presence-store/fixture.js'

/**
 * The law of the `PresenceStore` port as tests: whoever implements it runs this. PROTOCOL.md §3.9.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a store nobody has used yet.
 */
export function presenceStoreContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<PresenceFixture> | PresenceFixture,
): void {
  const law = lawOf(test, createFixture, async (fixture) => [fixture, await fixture.join()])
  const suite: PresenceSuite = { describe, expect, law }

  describe(`the presence store ${name}`, () => {
    membership(suite)
    owners(suite)
    operations(suite)
    watching(suite)
    lifetimes(suite)
    failover(suite)
  })
}
