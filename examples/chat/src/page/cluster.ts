import { byId, copyOf, part } from './dom.js'
import type { Client } from './room.js'

interface Node {
  readonly name: string
  readonly isUp: boolean
}

/** The servers behind the address, where there are several: which is up, which one is ours, and a button that kills one. */
export class Cluster {
  private readonly list = byId('nodes')
  private client: Client | undefined
  private here = ''
  private nodes: readonly Node[] = []
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
    const isHere = name === this.here
    item.dataset['state'] = isUp ? (isHere ? 'here' : 'up') : 'down'
    part(item, '.status').textContent = isUp ? (isHere ? 'you are here' : 'up') : 'down'
    ;(part(item, 'button') as HTMLButtonElement).disabled = !isUp
  }

  /** The item of a node. It is made once, so that a button keeps the focus. */
  private itemOf(name: string): HTMLElement {
    const id = `node-${name}`
    const there = document.getElementById(id)
    if (there) return there
    const item = copyOf('node-template')
    item.id = id
    part(item, '.label').textContent = name
    const kill = part(item, 'button')
    kill.ariaLabel = `Kill server ${name}`
    kill.onclick = () => {
      // The answer may go down with the server.
      this.client?.call('cluster.kill', { node: name }).catch(() => undefined)
    }
    this.list.append(item)
    return item
  }
}
