// The nginx that tests put in front of servers.
import { Program } from './program.mjs'

const nginx = new Program({
  names: ['nginx'],
  variable: 'NGINX_PATH',
  debian: 'nginx-light',
  brew: 'nginx',
  advice:
    'The tests of several servers behind a balancer need nginx 1.18 or newer, and none was found on PATH.\n' +
    '  Debian, Ubuntu:  sudo apt-get install -y nginx-light\n' +
    '  macOS:           brew install nginx\n' +
    '  elsewhere:       install one and set NGINX_PATH to its executable\n' +
    'The other levels run without it: pnpm test unit scenarios sockets chaos browser',
})

/** The path of an nginx: `NGINX_PATH` alone when it is set, else the one on `PATH`. */
export const findNginx = (env) => nginx.find(env)

/** What to do about an nginx on a machine. */
export const planNginx = (machine) => nginx.plan(machine)

/** Like `findNginx`, but installs one by apt or Homebrew if this user may. Throws a sentence that says what to do. */
export const requireNginx = () => nginx.require()
