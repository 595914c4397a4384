import { defineConfig } from 'tsup'
import { node } from '../../tsup.base.js'

export default defineConfig({
  ...node,
  entry: {
    index: 'src/index.ts',
    metrics: 'src/metrics/index.ts',
    redis: 'src/redis.ts',
    testing: 'src/testing/index.ts',
  },
})
