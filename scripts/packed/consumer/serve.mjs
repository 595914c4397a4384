// Serves two pages, `/tag.js` and `/bundle.js` being the client by script tag and by bundler, and prints its address.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { RealtimeServer } from '@org/realtime-server'
import contract from './contract.cjs'

const scripts = {
  '/tag.js': new URL('node_modules/@org/realtime-client/dist/realtime-client.global.js', import.meta.url),
  '/bundle.js': new URL('bundle.js', import.meta.url),
}

const http = createServer((request, response) => {
  const script = scripts[request.url]
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
  response.end(
    script ? readFileSync(script) : `<!doctype html><script src="${request.url.replace('.html', '.js')}"></script>`,
  )
})

const realtime = new RealtimeServer(contract.app)
realtime.channel('room:{roomId}', { subscribe: true, publish: true })
realtime.attach(http, { path: '/realtime' })
http.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${http.address().port}`))
