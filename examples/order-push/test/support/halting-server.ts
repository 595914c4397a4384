// Takes orders as the real server does, but stands still before the first push: there a test kills it.
import type { AddressInfo } from 'node:net'
import { createOrderPush } from '../../src/app.js'
import { openDatabase } from '../../src/database/database.js'

const databaseUrl = process.env['DATABASE_URL'] ?? ''
const { http, relay } = createOrderPush({
  pages: new URL('./page/', import.meta.url),
  db: openDatabase(databaseUrl),
  databaseUrl,
  push:
    () =>
    (channel, _data, { key }) => {
      console.log(`about to push ${key} to ${channel}`)
      return new Promise(() => {})
    },
  report: console.error,
})
relay.start()
http.listen(0, '127.0.0.1', () => console.log(`port ${(http.address() as AddressInfo).port}`))
