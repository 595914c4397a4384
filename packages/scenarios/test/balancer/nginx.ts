import { requireNginx } from '../../../../scripts/lib/nginx.mjs'
import type { Balancer } from './balancer.js'
import { replaced } from './recipe.js'

/** What it would write elsewhere, where only root may. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export const NGINX: Balancer = {
  name: 'nginx',
  program: requireNginx,
  // A master with a worker.
  args: (configuration, folder) => ['-p', folder, '-e', 'stderr', '-c', configuration],
  reloadSignal: 'SIGHUP',
  here: (recipe, port, folder) =>
    replaced(replaced(recipe, 'listen 443 ssl', `listen 127.0.0.1:${port} ssl`), '/etc/nginx/', `${folder}/`),
  // One worker takes the servers in turn; several would each do so for themselves.
  within: (recipe, folder) => `
    daemon off;
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events {}
    http {
    access_log off;
    ${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
    ${recipe}
    }
  `,
  host: 'chat.example.com:8443',
  impatient: (recipe, idleMs) => replaced(recipe, 'proxy_read_timeout 60s', `proxy_read_timeout ${idleMs}ms`),
  withoutSecond: (recipe) => recipe.replace(/^ +server .*\n}/m, '}'),
}
