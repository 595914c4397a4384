import { dedupe } from './broker/dedupe.js'
import { delivery } from './broker/delivery.js'
import { failover } from './broker/failover.js'
import { reading } from './broker/history.js'
import { oneMessage } from './broker/one-message.js'
import { publishing } from './broker/publishing.js'
import { recovery } from './broker/recovery.js'
import { relaying } from './broker/relaying.js'
import { retention } from './broker/retention.js'
import type { BrokerFixture } from './broker/fixture.js'
import type { BrokerSuite } from './broker/suite.js'
import { tools } from './broker/tools.js'
import type { TestFramework } from './framework.js'
import { lawOf } from './law.js'

export type { BrokerFixture, BrokerNode, Delivery } from './broker/fixture.js'

/**
 * The law of the `Broker` port as tests: whoever implements it runs this. PROTOCOL.md §3.4, §5.
 *
 * @param framework `{ describe, expect, test }` of vitest or jest.
 * @param name What is tested, for the title.
 * @param createFixture Makes a broker nobody has used yet.
 */
export function brokerContract(
  { describe, expect, test }: TestFramework,
  name: string,
  createFixture: () => Promise<BrokerFixture> | BrokerFixture,
): void {
  const law = lawOf(test, createFixture, async (fixture) => [fixture, tools(await fixture.join())])
  const suite: BrokerSuite = { describe, expect, law }

  describe(`the broker ${name}`, () => {
    publishing(suite)
    delivery(suite)
    relaying(suite)
    oneMessage(suite)
    dedupe(suite)
    recovery(suite)
    reading(suite)
    retention(suite)
    failover(suite)
  })
}
