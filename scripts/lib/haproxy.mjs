// The HAProxy that tests put in front of servers.
import { Program } from './program.mjs'

const haproxy = new Program({
  names: ['haproxy'],
  variable: 'HAPROXY_PATH',
  debian: 'haproxy',
  brew: 'haproxy',
  advice:
    'The tests of several servers behind a balancer need haproxy 2.4 or newer, and none was found on PATH.\n' +
    '  Debian, Ubuntu:  sudo apt-get install -y haproxy\n' +
    '  macOS:           brew install haproxy\n' +
    '  elsewhere:       install one and set HAPROXY_PATH to its executable\n' +
    'The other levels run without it: pnpm test unit scenarios sockets chaos browser',
})

/** The path of an haproxy: `HAPROXY_PATH` alone when it is set, else the one on `PATH`. */
export const findHaproxy = (env) => haproxy.find(env)

/** What to do about an haproxy on a machine. */
export const planHaproxy = (machine) => haproxy.plan(machine)

/** Like `findHaproxy`, but installs one by apt or Homebrew if this user may. Throws a sentence that says what to do. */
export const requireHaproxy = () => haproxy.require()
