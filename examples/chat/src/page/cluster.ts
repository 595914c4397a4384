import type { RealtimeError } from '@org/realtime-client'
import { byId, copyOf, part } from './dom.js'
import type { Client } from './room.js'

interface Node {
  readonly name: string
  readonly isUp: boolean
}

const WORDS = { here: 'you are here', up: 'up', dying: 'killed', down: 'down', unknown: 'not known' }

/** The servers behind the address, where there are several: which is up, which one is ours, and a button that kills one. */
export class Cluster {
  private readonly list = byId('nodes')
  private client: Client | undefined
  private here = ''
  private nodes: readonly Node[] = []
  /** Those whose button was pressed, until it is told what became of them. */
  private readonly dying = new Set<string>()
  private isWatched = false

  /** Shows what this client is connected to, if its server is one of several. */
  watch(client: Client): void {
    this.client = client
    this.isWatched = false
    client.on('connected', () => {
      client.call('cluster.here').then(
        ({ node }) => this.meet(client, node),
        // A server that is alone does not know the question.
        () => undefined,
      )
    })
    client.on('state', ({ status }) => {
      if (client !== this.client || status === 'connected') return
      this.here = ''
      this.draw()
    })
  }

  private meet(client: Client, node: string): void {
    if (client !== this.client) return
    this.here = node
    if (!this.isWatched) {
      this.isWatched = true
      client.channel('cluster').on('message', ({ data }) => {
        if (client !== this.client) return
        this.nodes = data.nodes
        this.dying.clear()
        this.draw()
      })
    }
    this.draw()
  }

  private draw(): void {
    this.list.hidden = this.nodes.length === 0
    for (const node of this.nodes) this.show(this.itemOf(node.name), node)
  }

  private show(item: HTMLElement, { name, isUp }: Node): void {
    const state = this.stateOf(name, isUp)
    item.dataset['state'] = state
    part(item, '.status').textContent = WORDS[state]
    ;(part(item, 'button') as HTMLButtonElement).disabled = state !== 'up' && state !== 'here'
  }

  private stateOf(name: string, isUp: boolean): keyof typeof WORDS {
    if (this.dying.has(name)) return 'dying'
    // Nobody tells us, and what was told may be over.
    if (this.client?.state.status !== 'connected') return 'unknown'
    if (!isUp) return 'down'
    return name === this.here ? 'here' : 'up'
  }

  /** The item of a node. It is made once, so that a button keeps the focus. */
  private itemOf(name: string): HTMLElement {
    const id = `node-${name}`
    const there = document.getElementById(id)
    if (there) return there
    const item = copyOf('node-template')
    item.id = id
    part(item, '.label b').textContent = name
    const kill = part(item, 'button')
    kill.ariaLabel = `Kill server ${name}`
    kill.onclick = () => {
      this.dying.add(name)
      this.draw()
      // The answer may go down with the server.
      this.client?.call('cluster.kill', { node: name }).catch(({ code }: RealtimeError) => {
        if (code === 'UNKNOWN_OUTCOME') return
        this.dying.delete(name)
        this.draw()
      })
    }
    this.list.append(item)
    return item
  }
}
