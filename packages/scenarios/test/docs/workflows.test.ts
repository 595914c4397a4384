import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { namesIn, textOf } from './pages.js'

interface Step {
  readonly run?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

interface Job {
  readonly if?: string
  readonly needs?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: Readonly<Record<string, string>>
  readonly concurrency?: Readonly<Record<string, unknown>>
  readonly jobs: Readonly<Record<string, Job>>
}

interface Manifest {
  readonly packageManager: string
  readonly private?: boolean
  readonly scripts: Readonly<Record<string, string>>
  readonly publishConfig?: Readonly<Record<string, unknown>>
}

const FOLDER = '.github/workflows'
const files = namesIn(FOLDER)
const manifest = (path: string) => JSON.parse(textOf(path)) as Manifest

function workflow(file: string): Workflow {
  return parseDocument(textOf(`${FOLDER}/${file}`)).toJS() as Workflow
}

function stepsOf(file: string): readonly Step[] {
  return Object.values(workflow(file).jobs).flatMap(({ steps }) => steps)
}

describe.each(files)('%s', (file) => {
  test('is YAML, without a doubt', () => {
    const { errors, warnings } = parseDocument(textOf(`${FOLDER}/${file}`), { strict: true, uniqueKeys: true })
    expect([...errors, ...warnings]).toEqual([])
  })

  test('may read and nothing else, unless a job says more; and ends', () => {
    const { permissions, concurrency, jobs } = workflow(file)
    expect(permissions).toEqual({ contents: 'read' })
    expect(concurrency?.['group']).toBeTypeOf('string')
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(30)
  })

  test("uses actions of others as one commit, and GitHub's own by version", () => {
    const used = stepsOf(file).flatMap(({ uses }) => uses ?? [])
    const loose = used.filter((uses) => !/^actions\/[\w-]+@v\d+$/.test(uses) && !/^[\w/-]+@[0-9a-f]{40}$/.test(uses))
    expect(loose).toEqual([])
  })

  test('runs the pinned pnpm, and scripts that are there', () => {
    const { packageManager, scripts } = manifest('package.json')
    const commands = stepsOf(file).flatMap((step) => [step.run, step.with?.['version'], step.with?.['publish']])
    const pnpm = commands.map(String).filter((command) => command.includes('pnpm'))
    for (const command of pnpm) {
      expect(command).toContain(`npx -y ${packageManager} `)
      const [, script] = / run ([\w:]+)$/.exec(command) ?? []
      if (script) expect(Object.keys(scripts)).toContain(script)
      else expect(command).toMatch(/ install --frozen-lockfile$/)
    }
  })
})

test('both workflows hold a change to the same: .ci/run', () => {
  expect(files.sort()).toEqual(['ci.yml', 'release.yml'])
  const checks = files.map((file) => workflow(file).jobs['check']?.steps.flatMap(({ run }) => run ?? []))
  expect(checks).toEqual([['.ci/run'], ['.ci/run']])
})

describe('the release', () => {
  const { on, concurrency, jobs } = workflow('release.yml')
  const { check, release } = jobs
  const action = release?.steps.find(({ uses }) => uses?.startsWith('changesets/action@'))

  test('comes from main only, after all of CI, one at a time, and never from a fork', () => {
    expect(on).toEqual({ push: { branches: ['main'] } })
    expect(release?.needs).toBe('check')
    expect(concurrency).toEqual({ group: 'release', 'cancel-in-progress': false })
    expect(check?.if).toBe('${{ !github.event.repository.fork }}')
    // A job that is skipped skips those that need it, unless they say otherwise.
    expect(release?.if).toBeUndefined()
  })

  test('can identify itself to npm only where no test runs, and holds no secret but its own', () => {
    expect(release?.permissions).toEqual({ contents: 'write', 'pull-requests': 'write', 'id-token': 'write' })
    expect(check?.permissions).toBeUndefined()
    expect(textOf(`${FOLDER}/release.yml`).match(/secrets\.\w+/g)).toEqual(['secrets.GITHUB_TOKEN'])
  })

  test('builds, then publishes what changesets says, each package with its provenance', () => {
    const { scripts } = manifest('package.json')
    expect(scripts['release:publish']).toBe('pnpm run build && changeset publish')
    expect(scripts['release:version']).toMatch(/^changeset version && /)
    const published = namesIn('packages').filter((name) => !manifest(`packages/${name}/package.json`).private)
    expect(published.length).toBeGreaterThanOrEqual(3)
    for (const name of published) {
      const { publishConfig } = manifest(`packages/${name}/package.json`)
      expect(publishConfig).toMatchObject({ access: 'public', provenance: true })
    }
  })

  test('makes the pinned pnpm sign, or fail', () => {
    const folder = mkdtempSync(join(tmpdir(), 'realtime-release-'))
    writeFileSync(join(folder, 'package.json'), '{"name":"not-published","version":"1.0.0"}')
    const { CI: _, GITHUB_ACTIONS: __, GITLAB_CI: ___, ...env } = process.env
    const { packageManager } = manifest('package.json')
    // Where nobody listens. Outside of a CI that can vouch for a build, there is nothing to sign with.
    const args = ['-y', packageManager, 'publish', '--no-git-checks', '--registry', 'http://127.0.0.1:9']
    const { stderr, stdout } = spawnSync('npx', args, {
      cwd: folder,
      env: { ...env, ...action?.env },
      encoding: 'utf8',
    })
    rmSync(folder, { recursive: true })
    expect(stderr + stdout).toContain('PROVENANCE_UNSUPPORTED_PROVIDER')
  }, 60_000)
})
