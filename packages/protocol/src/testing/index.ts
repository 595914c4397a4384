export { Appointments, type Appointment } from './appointments.js'
export { seededRandom, type SeededRandom } from './seeded-random.js'
export { VirtualClock, type UntilOptions, type VirtualClockOptions } from './virtual-clock.js'
