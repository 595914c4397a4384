import type { Control, ControlHandler } from '../ports/index.js'

/** Words between the nodes of one process. */
export class MemoryControl {
  private readonly nodes = new Map<string, ControlHandler>()

  /** The port of a node that joins. */
  join(node: string, handler: ControlHandler): Control {
    this.nodes.set(node, handler)
    const others = (): string[] => [...this.nodes.keys()].filter((name) => name !== node)
    const send = async (to: string, text: string): Promise<void> => {
      // A turn later, as by a network. Who has left by then hears nothing, nor does anybody hear who has.
      await Promise.resolve()
      if (this.nodes.has(node)) this.nodes.get(to)?.heard(node, text)
    }
    return {
      node,
      others: () => Promise.resolve(others()),
      broadcast: async (text) => {
        await Promise.all(others().map((to) => send(to, text)))
      },
      send: (to, text) => (to === node ? Promise.resolve() : send(to, text)),
    }
  }

  /** A node has left. */
  part(node: string): void {
    this.nodes.delete(node)
  }
}
