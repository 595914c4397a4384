import { agreement } from './agreement.js'
import { bounds } from './bounds.js'
import { calls } from './calls.js'
import { completeness } from './completeness.js'
import { endings } from './endings.js'
import { ephemeral } from './ephemeral.js'
import { gaps } from './gaps.js'
import { latest } from './latest.js'
import { liveness } from './liveness.js'
import { losses } from './losses.js'
import { order } from './order.js'
import { outcomes } from './outcomes.js'
import { phantoms } from './phantoms.js'
import { presence } from './presence.js'
import { absences } from './presence-absences.js'
import { repeats } from './repeats.js'
import type { Mutant } from './mutant.js'

/** Every way of breaking a valid history that the checker must see, with the rule that must see it. */
export const mutants: readonly Mutant[] = [
  ...phantoms,
  ...outcomes,
  ...order,
  ...repeats,
  ...completeness,
  ...losses,
  ...agreement,
  ...gaps,
  ...liveness,
  ...presence,
  ...absences,
  ...bounds,
  ...latest,
  ...ephemeral,
  ...calls,
  ...endings,
]
