import type { TestFramework } from '../framework.js'
import type { Law } from '../law.js'
import type { BrokerFixture } from './fixture.js'
import type { Tools } from './tools.js'

/** What each part of the suite is made with. */
export interface BrokerSuite extends Pick<TestFramework, 'describe' | 'expect'> {
  /** A test with a fixture of its own and one node. */
  readonly law: Law<[BrokerFixture, Tools]>
}
