import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/index.js'

test('the default limits are these', () => {
  expect(DEFAULT_LIMITS).toEqual({
    messageBytes: 65_536,
    connectTimeoutMs: 10_000,
    channelNameBytes: 255,
    channels: 128,
    inFlight: 64,
    inboxFrames: 256,
    messagesPerSecond: 50,
    messageBurst: 100,
    excessMessages: 5_000,
    bytesPerSecond: 4_194_304,
    connections: 50_000,
    connectionsPerAddress: 1_000,
    handshakes: 5_000,
    idBytes: 64,
    metaBytes: 1_024,
    sendQueueSoftBytes: 262_144,
    sendQueueHardBytes: 1_048_576,
    logMessages: 1_000,
    logAgeMs: 300_000,
    logBytes: 1_048_576,
    channelTtlMs: 3_600_000,
    lineageGenerations: 16,
    recoveryPageMessages: 100,
    historyMessages: 100,
    dedupeMs: 300_000,
    producerPositions: 64,
    sessionTtlMs: 120_000,
    attributesBytes: 4_096,
    presenceMembers: 1_000,
    presenceBytes: 4_096,
    presenceGraceMs: 12_000,
    presenceTtlMs: 60_000,
    methodBytes: 255,
    calls: 64,
    callTimeoutMs: 30_000,
    expiryNoticeMs: 30_000,
    heartbeatMs: 25_000,
    heartbeatTimeoutMs: 10_000,
  })
})

test('the default limits cannot be changed', () => {
  expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true)
})

test('the limits fit together', () => {
  const limits = DEFAULT_LIMITS
  expect(limits.inFlight).toBeLessThanOrEqual(limits.producerPositions)
  expect(limits.messageBytes).toBeLessThanOrEqual(limits.sendQueueSoftBytes)
  expect(limits.messagesPerSecond).toBeLessThanOrEqual(limits.messageBurst)
  // A client that obeys may have a full outbox under way, and a request for each of its channels.
  expect(limits.excessMessages).toBeGreaterThan(2 * (1_000 + limits.channels))
  // Who sends the longest messages as often as it may is not held up by their bytes.
  expect(limits.messageBytes * limits.messagesPerSecond).toBeLessThan(limits.bytesPerSecond)
  expect(limits.messageBytes * limits.messageBurst).toBeLessThan(4 * limits.bytesPerSecond)
  expect(limits.connectionsPerAddress).toBeLessThan(limits.handshakes)
  expect(limits.handshakes).toBeLessThan(limits.connections)
  expect(limits.sendQueueSoftBytes).toBeLessThan(limits.sendQueueHardBytes)
  expect(limits.messageBytes).toBeLessThanOrEqual(limits.logBytes)
  expect(limits.logAgeMs).toBeLessThanOrEqual(limits.channelTtlMs)
  expect(limits.dedupeMs).toBeLessThanOrEqual(limits.channelTtlMs)
  expect(limits.heartbeatMs + limits.heartbeatTimeoutMs).toBeLessThan(limits.sessionTtlMs)
  for (const [name, value] of Object.entries(limits))
    expect([name, Number.isSafeInteger(value) && value > 0]).toEqual([name, true])
})
