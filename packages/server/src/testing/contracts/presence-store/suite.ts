import type { TestFramework } from '../framework.js'
import type { Law } from '../law.js'
import type { PresenceFixture, PresenceNode } from './fixture.js'

/** What each part of the suite is made with. */
export interface PresenceSuite extends Pick<TestFramework, 'describe' | 'expect'> {
  /** A test with a fixture of its own and one node. */
  readonly law: Law<[PresenceFixture, PresenceNode]>
}
