import type { AddressInfo } from 'node:net'
import { createChat } from './chat.js'

const { http, realtime } = createChat({ page: new URL('./page/', import.meta.url) })

http.listen(Number(process.env['PORT'] ?? 3000), process.env['HOST'] ?? '127.0.0.1', () => {
  console.log(`Chat is ready: http://localhost:${(http.address() as AddressInfo).port}`)
})
http.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    http.close()
    // Tells every page to come back, so that a restart costs them seconds.
    void realtime.close()
  })
}
