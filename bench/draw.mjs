// `node bench/draw.mjs`: writes the pages that show what was measured, from results.json, without measuring.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/lib/pnpm.mjs'
import { bundle } from './bundle.mjs'

const { publish, RESULTS_FILE } = await import(join(await bundle('sources'), 'publish.js'))
publish(root, JSON.parse(readFileSync(join(root, RESULTS_FILE), 'utf8')))
