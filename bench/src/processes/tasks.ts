/** What a process can be asked to do, by name. */
export type Tasks = Readonly<Record<string, (argument: never) => unknown>>

interface Question {
  readonly id: number
  readonly task: string
  readonly argument: never
}

/** Does what the process that started this one asks for, and ends with it, so that none is left behind. */
export function serveTasks(tasks: Tasks): void {
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches the whole group: who leads ends the others.
  process.on('SIGINT', () => undefined)
  process.on('message', (question) => void answer(tasks, question as Question))
}

async function answer(tasks: Tasks, { id, task, argument }: Question): Promise<void> {
  try {
    const run = tasks[task]
    if (!run) throw new Error(`it knows no task ${task}`)
    process.send?.({ id, result: await run(argument) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
