/** Where HAProxy listens, as a line `bind` says it, and what it leads to. */
export interface HaproxySettings {
  readonly bind: string
  readonly servers: ReadonlyArray<{ readonly name: string; readonly address: string }>
}

/** The configuration of an HAProxy in front of realtime servers. docs/guide/scaling-out.md says why it is so. */
export function haproxyConfig({ bind, servers }: HaproxySettings): string {
  const line = ({ name, address }: HaproxySettings['servers'][number]) =>
    `  server ${name} ${address} check inter 1s fall 2 rise 1\n`
  return `defaults
  mode http
  timeout connect 5s
  timeout http-request 10s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  timeout client-fin 5s
  retries 3
  option redispatch 1
  option forwardfor

frontend outside
  bind ${bind}
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend realtime

backend realtime
  balance roundrobin
  option httpchk GET /readyz
${servers.map(line).join('')}`
}
