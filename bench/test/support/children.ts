import { readdirSync, readFileSync } from 'node:fs'

/** Processes of the bench that this one started and that still run. Linux only. @param folder Where their programs are. */
export function children(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => textOf(pid, 'stat').split(') ')[1]?.split(' ')[1] === String(process.pid))
    .filter((pid) => {
      const command = textOf(pid, 'cmdline')
      return command.includes(folder) || command.includes('redis-server')
    })
}

/** Nothing for a process that is gone by now. */
function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
