import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Node } from './core/node.js'
import { pathOf, Upgrade, type UpgradeOptions } from './ws/upgrade.js'

const DEFAULT_PATH = '/realtime'

/** The paths that our listeners of an HTTP server serve. */
const SERVED = new WeakMap<HttpServer, Map<(...args: never[]) => void, string>>()

/** Where a server listens. */
export interface AttachOptions {
  /** Path of the endpoint. Default: the `path` of the server's options. */
  readonly path?: string
}

/** The address at which a node takes upgrade requests. */
export class Endpoint {
  private readonly upgrade: Upgrade
  private readonly detach: Array<() => void> = []

  constructor(
    private readonly node: Node,
    private readonly path = DEFAULT_PATH,
    options: UpgradeOptions,
  ) {
    this.upgrade = new Upgrade(node.door, node, options)
  }

  /** Takes the upgrade requests of an HTTP server for one path; gives a function that stops that. */
  attach(httpServer: HttpServer, { path = this.path }: AttachOptions): () => void {
    const served = SERVED.get(httpServer) ?? new Map<(...args: never[]) => void, string>()
    SERVED.set(httpServer, served)
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (pathOf(request) === path) this.take(request, socket, head)
      else if (isStray(request, httpServer, served) && isFirst(onUpgrade, served)) this.upgrade.refuseStray(socket)
    }
    httpServer.on('upgrade', onUpgrade)
    this.node.open()
    served.set(onUpgrade, path)
    const detach = (): void => {
      httpServer.off('upgrade', onUpgrade)
      served.delete(onUpgrade)
    }
    this.detach.push(detach)
    return detach
  }

  /** Takes one upgrade request, if it is for the path of this endpoint. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== this.path) return false
    this.take(request, socket, head)
    return true
  }

  /** Lets go of all HTTP servers. */
  close(): void {
    for (const detach of this.detach) detach()
  }

  private take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.node.isClosing) this.upgrade.refuseClosing(socket)
    else this.upgrade.handle(request, socket, head)
  }
}

/**
 * Whether nobody else can serve a request. Its socket would stay open for ever, without a timeout, and be counted by
 * nobody: Node hands it over to whoever listens.
 */
function isStray(request: IncomingMessage, httpServer: HttpServer, served: ReadonlyMap<unknown, string>): boolean {
  return httpServer.listenerCount('upgrade') === served.size && ![...served.values()].includes(pathOf(request))
}

/** One of ours answers for all. */
function isFirst(listener: unknown, served: ReadonlyMap<unknown, string>): boolean {
  return served.keys().next().value === listener
}
