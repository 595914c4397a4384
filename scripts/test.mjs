// `pnpm test [level…]`: installs, finds a browser, a redis-server, an haproxy and an nginx, runs every level, and ends with one line: `N passed, N failed`.
// Uses nothing but Node, so that it works in a fresh clone.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { requireChromium } from './lib/chromium.mjs'
import { requireHaproxy } from './lib/haproxy.mjs'
import { requireNginx } from './lib/nginx.mjs'
import { installOrExit, root } from './lib/pnpm.mjs'
import { requireRedis } from './lib/redis.mjs'

const LEVELS = ['unit', 'scenarios', 'sockets', 'redis', 'chaos', 'browser']

/** One page in a browser is that of the demo of several servers. */
const WITH_REDIS = ['redis', 'chaos', 'browser']

const asked = process.argv.slice(2)
const unknown = asked.filter((level) => !LEVELS.includes(level))
if (unknown.length > 0) {
  console.error(`Unknown level: ${unknown.join(', ')}. The levels are ${LEVELS.join(', ')}.`)
  process.exit(1)
}
const levels = asked.length > 0 ? asked : LEVELS

installOrExit()
const env = {
  ...process.env,
  ...(levels.some((level) => WITH_REDIS.includes(level)) && { REDIS_SERVER_PATH: orExit(requireRedis) }),
  ...(levels.includes('redis') && { HAPROXY_PATH: orExit(requireHaproxy), NGINX_PATH: orExit(requireNginx) }),
  ...(levels.includes('browser') && { CHROMIUM_PATH: orExit(requireChromium) }),
}

const reports = mkdtempSync(join(tmpdir(), 'realtime-test-'))
const results = levels.map(runLevel)
rmSync(reports, { recursive: true, force: true })
const stray = asked.length > 0 ? [] : filesNoLevelRan()

console.log()
for (const { level, passed, failed, skipped, seconds, problem } of results) {
  const notes = [skipped > 0 && `${skipped} skipped`, problem].filter(Boolean).map((note) => `, ${note}`)
  console.log(`${level.padEnd(10)} ${passed} passed, ${failed} failed${notes.join('')} (${seconds.toFixed(1)} s)`)
}
for (const file of stray) console.log(`no level runs ${file}`)

const sum = (key) => results.reduce((total, result) => total + result[key], 0)
const failed = sum('failed') + stray.length
console.log(`${sum('passed')} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function orExit(find) {
  try {
    return find()
  } catch (error) {
    console.error(`\n${error.message}`)
    process.exit(1)
  }
}

/** Runs one vitest project. Whatever keeps it from running counts as one failure, so that nothing is left out in silence. */
function runLevel(level) {
  console.log(`\n── ${level} ──`)
  const started = Date.now()
  const report = join(reports, `${level}.json`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const args = ['run', '--project', level, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status, signal } = spawnSync(process.execPath, [vitest, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const read = readReport(report)
  const seconds = (Date.now() - started) / 1000
  const problem =
    read.problem ??
    (read.passed + read.failed === 0 ? 'no test ran' : undefined) ??
    (status !== 0 && read.failed === 0 ? `vitest ended with ${signal ?? status}` : undefined)
  return { level, seconds, ...read, problem, failed: read.failed + (problem ? 1 : 0) }
}

function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    // A file that could not be loaded holds no test that could fail.
    const unloadable = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    )
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloadable.length,
      skipped: report.numPendingTests + report.numTodoTests,
      files: report.testResults.map((file) => relative(root, file.name).split(sep).join('/')),
    }
  } catch {
    return { passed: 0, failed: 0, skipped: 0, files: [], problem: 'could not run' }
  }
}

/** Test files that lie where no level looks: they would pass for ever. */
function filesNoLevelRan() {
  const ran = new Set(results.flatMap((result) => result.files))
  return [...walk('packages'), ...walk('examples'), ...walk('bench')].filter((file) => !ran.has(file))
}

function walk(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['node_modules', 'dist', '.tsc'].includes(entry.name) ? [] : walk(path)
    return /\.(test|spec)\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : []
  })
}
