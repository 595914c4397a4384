import { defineConfig } from 'vitest/config'
import { findChromium } from './scripts/lib/chromium.mjs'

const folders = '{{packages,examples}/*,bench}/test'
const socket = `${folders}/**/*.socket.test.ts`
const browser = `${folders}/**/*.browser.test.ts`
const redis = `${folders}/**/*.redis.test.ts`
const chaos = `${folders}/**/*.chaos.test.ts`
const scenarios = 'packages/scenarios/test/**/*.test.ts'

/** Of what happens in real time nobody knows how long it takes on a busy machine: whoever waits for it waits this long. */
const patient = { poll: { timeout: 10_000 } }

// Workspace packages resolve to their sources, so that no test needs a build.
const conditions = ['@org/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    passWithNoTests: false,
    allowOnly: false,
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${folders}/**/*.test.ts`],
          exclude: [socket, browser, redis, chaos, scenarios],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: [scenarios],
          exclude: [socket, browser, redis, chaos],
          testTimeout: 10_000,
        },
      },
      // Real time, real sockets: one file at a time, so that the machine's load is not part of the result.
      {
        extends: true,
        test: {
          name: 'sockets',
          include: [socket],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          expect: patient,
        },
      },
      // Redis servers that the tests start, fault and end themselves. Most of the time they wait for it: two files at a time.
      {
        extends: true,
        test: {
          name: 'redis',
          include: [redis],
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: patient,
        },
      },
      // Real processes under real faults: one run plays every kind of fault, and its tests judge what came of each.
      {
        extends: true,
        test: {
          name: 'chaos',
          include: [chaos],
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 400_000,
          expect: patient,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [browser],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: patient,
          env: { CHROMIUM_PATH: findChromium() ?? '' },
        },
      },
    ],
  },
})
