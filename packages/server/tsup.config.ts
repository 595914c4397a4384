import { defineConfig } from 'tsup'
import { node } from '../../tsup.base.js'

export default defineConfig({ ...node, entry: ['src/index.ts'] })
