// The port of a demo.
import { once } from 'node:events'
import { createServer } from 'node:net'

const FIRST = 3000
const TRIES = 20

/**
 * The port that `PORT` asks for, or else the first one from 3000 on that is free. Rejects with a sentence that says what to do
 * when the port that was asked for cannot be had.
 */
export async function demoPort({ PORT: asked, HOST: host = '127.0.0.1' } = process.env, first = FIRST) {
  if (asked) {
    const problem = await problemOf(Number(asked), host)
    if (!problem) return Number(asked)
    const what = problem.code === 'EADDRINUSE' ? 'is taken' : `cannot be had: ${problem.message}`
    throw new Error(`Port ${asked} ${what}. Set PORT to another one, or leave it out for the first one that is free.`)
  }
  for (let port = first; port < first + TRIES; port++) if (!(await problemOf(port, host))) return port
  throw new Error(`Ports ${first} to ${first + TRIES - 1} are taken. Set PORT to one that is free.`)
}

/** What keeps a server from listening there. */
async function problemOf(port, host) {
  const probe = createServer()
  try {
    await once(probe.listen(port, host), 'listening')
  } catch (error) {
    return error
  }
  await new Promise((resolve) => probe.close(resolve))
  return undefined
}
