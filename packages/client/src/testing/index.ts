export {
  seededRandom,
  VirtualClock,
  type SeededRandom,
  type UntilOptions,
  type VirtualClockOptions,
} from '@org/realtime-protocol/testing'
export type { ExpectOptions, FakePublishOptions, FakeServer, FakeServerOptions } from './fake-server-types.js'
export { fakeServer } from './fake-server.js'
export type {
  FakeCallContext,
  FakeCredentials,
  FakeIdentity,
  PublishJudge,
  ReceivedCall,
  ReceivedMessage,
  ReceivedSubscribe,
} from './fake-types.js'
