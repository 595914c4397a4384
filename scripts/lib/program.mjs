// Finds a program of the system that tests start, and installs it where that is one command.
import { join } from 'node:path'
import { apt, isExecutable, programFolders, run, thisMachine } from './machine.mjs'

/**
 * A program by its `names`, the first that is found. `variable` of the environment names another one, and then that alone;
 * `debian` and `brew` are packages that have it; `advice` says to a person what to do.
 */
export class Program {
  constructor({ names, variable, debian, brew, advice }) {
    Object.assign(this, { names, variable, debian, brew, advice })
  }

  /** The path of the one that this machine has. */
  find(env = process.env) {
    return this.#located({ platform: process.platform, env, isExecutable })
  }

  /**
   * What to do on a machine: the `path` of the one it has; or `commands` that install one; or `advice`, a sentence for
   * whoever has to do it.
   */
  plan(machine) {
    const path = this.#located(machine)
    if (path) return { path }
    const given = machine.env[this.variable]
    if (given) return { advice: `${this.variable} is "${given}", which is no executable.` }

    const asRoot = machine.platform === 'linux' && machine.isDebian ? machine.asRoot : undefined
    if (asRoot) {
      const install = apt(asRoot, 'install', '-y', '--no-install-recommends', this.debian)
      return { commands: [apt(asRoot, 'update'), install] }
    }
    const brew = machine.platform === 'darwin' ? machine.brew : undefined
    return brew ? { commands: [[brew, 'install', this.brew]] } : { advice: this.advice }
  }

  /** Like `find`, but installs it by apt or Homebrew if this user may. Throws a sentence that says what to do. */
  require() {
    const plan = this.plan(thisMachine())
    if (plan.path) return plan.path
    if (plan.commands) {
      console.log(`No ${this.names[0]} found: ${plan.commands.at(-1).join(' ')}`)
      const done = plan.commands.every(run) && this.find()
      if (done) return done
    }
    throw new Error(plan.advice ?? this.advice)
  }

  #located({ platform, env, isExecutable }) {
    const given = env[this.variable]
    if (given) return isExecutable(given) ? given : undefined
    const folders = programFolders({ platform, env })
    return this.names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
  }
}
