import { requireHaproxy } from '../../../../scripts/lib/haproxy.mjs'
import type { Balancer } from './balancer.js'
import { replaced } from './recipe.js'

export const HAPROXY: Balancer = {
  name: 'HAProxy',
  program: requireHaproxy,
  // A master with workers.
  args: (configuration) => ['-W', '-f', configuration],
  reloadSignal: 'SIGUSR2',
  here: (recipe, port, folder) =>
    replaced(recipe, ':443 ssl crt /etc/haproxy/site.pem', `127.0.0.1:${port} ssl crt ${folder}/site.pem`),
  host: 'chat.example.com',
  impatient: (recipe, idleMs) => replaced(recipe, 'timeout tunnel 60s', `timeout tunnel ${idleMs}ms`),
  withoutSecond: (recipe) => recipe.replace(/^ +server b .*\n/m, ''),
}
