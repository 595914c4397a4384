import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from '../../../chat/test/support/until.js'

/** Runs a server as a process of its own. */
export function runProcess(file: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [file], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  let printed = ''
  const hear = (chunk: Buffer) => void (printed += chunk.toString())
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return {
    /** Waits until it says something that fits, and gives the first group. */
    async says(pattern: RegExp): Promise<string> {
      const said = await until(
        `the process says ${pattern}`,
        () => printed,
        (text) => pattern.test(text),
      )
      return pattern.exec(said)?.[1] ?? ''
    },
    /** Sends a signal and waits for the end. */
    async end(signal: NodeJS.Signals): Promise<number | null> {
      child.kill(signal)
      return (await ended)[0]
    },
  }
}

/** Whether a process is there. */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
