// A small seeded town: so many devices a kind, spread over rental houses. What the command line simulates by itself.
import type { KindName } from '../contract/kinds/kind.ts'
import { access, accessProfile } from './devices/access.ts'
import { electricity, electricityProfile } from './devices/electricity.ts'
import { gas, gasProfile } from './devices/gas.ts'
import type { DeviceModel } from './devices/model.ts'
import { smoke, smokeProfile } from './devices/smoke.ts'
import type { Incident } from './incidents.ts'

/** A model of this kind with a profile drawn from the seed. */
type Build = (id: string, seed: number, incidents: readonly Incident[]) => DeviceModel

export const SIMULATED = {
  electricity: (id, seed, incidents) => electricity(electricityProfile(id, seed), seed, incidents),
  gas: (id, seed, incidents) => gas(gasProfile(id, seed), seed, incidents),
  smoke: (id, seed, incidents) => smoke(smokeProfile(id, seed), seed, incidents),
  access: (id, seed, incidents) => access(accessProfile(id, seed), seed, incidents),
} as const satisfies Partial<Record<KindName, Build>>

export type SimulatedKind = keyof typeof SIMULATED
export const SIMULATED_KINDS = Object.keys(SIMULATED) as SimulatedKind[]
export const isSimulated = (kind: string): kind is SimulatedKind => Object.hasOwn(SIMULATED, kind)

export interface TownDevice {
  readonly id: string
  readonly kind: SimulatedKind
  readonly name: string
  /** Name of its site; null when somebody else has placed it. */
  readonly site: string | null
}

export const TOWN_AREA = '示范县/青禾街道/槐荫社区'

const NAMING: Readonly<Record<SimulatedKind, { readonly prefix: string; readonly places: readonly string[] }>> = {
  electricity: { prefix: 'el', places: ['总进线', '二层回路', '三层回路'] },
  gas: { prefix: 'gas', places: ['共用厨房'] },
  smoke: { prefix: 'smoke', places: ['一楼走道', '二楼走道', '三楼走道'] },
  access: { prefix: 'gate', places: ['大门'] },
}

/** Devices `el-001`, `gas-001`, … round the houses: house n has the n-th of each kind, then the next round begins. */
export function town(counts: Readonly<Partial<Record<SimulatedKind, number>>>): TownDevice[] {
  const houses = Math.max(
    1,
    ...SIMULATED_KINDS.map((kind) => Math.ceil((counts[kind] ?? 0) / NAMING[kind].places.length)),
  )
  return SIMULATED_KINDS.flatMap((kind) =>
    Array.from({ length: counts[kind] ?? 0 }, (_, index): TownDevice => {
      const { prefix, places } = NAMING[kind]
      const house = `槐荫 ${(index % houses) + 1} 号`
      const place = places[Math.floor(index / houses)] ?? places[0]
      return { id: `${prefix}-${String(index + 1).padStart(3, '0')}`, kind, name: `${house} ${place}`, site: house }
    }),
  )
}
