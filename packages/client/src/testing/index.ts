export {
  seededRandom,
  VirtualClock,
  type SeededRandom,
  type UntilOptions,
  type VirtualClockOptions,
} from '@org/realtime-protocol/testing'
