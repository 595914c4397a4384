import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { haproxyConfig } from '../src/cluster/haproxy-config.js'

test('the HAProxy of the demo is configured as the guide says', () => {
  const guide = readFileSync(new URL('../../../docs/guide/scaling-out.md', import.meta.url), 'utf8')
  const [, recipe] = /HAProxy:\n\n```\n([\s\S]*?)```/.exec(guide) ?? []
  const servers = ['a', 'b'].map((name, i) => ({ name, address: `10.0.0.${i + 1}:3000` }))
  expect(recipe).toBe(haproxyConfig({ bind: ':443 ssl crt /etc/haproxy/site.pem', servers }))
})
