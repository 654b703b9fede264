// The third axis: which suppression of an alarm identity shows, and how each is told.
import type { Suppression, TransitionType } from '../../contract/alarms.ts'
import type { Layers } from './state.ts'

export type Layer = keyof Layers

/** The strongest first: it is the one that shows. */
export const LAYERS = ['out_of_service', 'suppressed', 'shelved'] as const satisfies readonly Layer[]

export const LAYER_TELLS = {
  shelved: { begins: 'shelved', ends: 'unshelved' },
  suppressed: { begins: 'suppressed', ends: 'unsuppressed' },
  out_of_service: { begins: 'out_of_service', ends: 'in_service' },
} as const satisfies Record<Layer, { begins: TransitionType; ends: TransitionType }>

/** Key of suppressions that cover the whole device. */
export const WHOLE_DEVICE = '*'

/** What hides this identity from the horn, the device's own included; null: nothing does. */
export function visible(suppressions: Readonly<Record<string, Layers>>, key: string): Suppression | null {
  for (const layer of LAYERS) {
    const found = suppressions[key]?.[layer] ?? suppressions[WHOLE_DEVICE]?.[layer]
    if (found) return found
  }
  return null
}
