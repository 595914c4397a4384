import type { Limits } from '@org/realtime-protocol'
import { isWorkerProcess, memory } from './backends.js'
import type { Declarations, Identity } from './core/declarations.js'
import { Node } from './core/node.js'
import { redacting } from './core/redaction.js'
import { resolveWriteDelay, type ServerOptions } from './options.js'
import { processDiagnostics } from './platform/diagnostics.js'
import { systemClock } from './platform/system-clock.js'
import { systemRandom } from './platform/system-random.js'
import { NO_METRICS, silent } from './ports/index.js'

/** A node with the ports that options name, and with those of this process in place of the others. */
export function createNode<User extends Identity>(
  options: ServerOptions<User>,
  limits: Limits,
  declarations: Declarations,
): Node {
  const { clock = systemClock, random = systemRandom, metrics = NO_METRICS } = options
  const logger = options.logger ? redacting(options.logger) : silent
  if (!options.backend && isWorkerProcess()) {
    logger.warn('messages of this process do not reach the others: the memory backend is not shared between processes')
  }
  return new Node({
    backend: options.backend ?? memory({ sessionTtlMs: limits.sessionTtlMs, clock, random }),
    clock,
    random,
    logger,
    metrics,
    diagnostics: processDiagnostics,
    limits,
    writeDelayMs: resolveWriteDelay(options.writeDelayMs),
    declarations,
    authenticate: options.authenticate,
  })
}
