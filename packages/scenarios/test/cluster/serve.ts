import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RealtimeServer } from '@org/realtime-server'

/** Serves in a process of its own: says its port to the parent, and ends with a SIGTERM or with the parent. */
export function serve(realtime: Pick<RealtimeServer, 'attach' | 'close'>): void {
  const http = createServer()
  realtime.attach(http)
  http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))
  process.on('SIGTERM', () => {
    http.close()
    void realtime.close().then(() => process.exit(0))
  })
  process.on('disconnect', () => process.exit(0))
}
