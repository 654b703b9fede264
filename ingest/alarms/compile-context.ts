// What compiling one rule for one device needs and yields.
import type { Kind } from '../../contract/kinds/kind.ts'
import type { VersionedRule } from '../../contract/rules.ts'
import { SITE_REGIME } from '../../contract/site-profile.ts'
import type { CompiledCorroboration, CompiledRule, EventUse, InactiveRule, Limiter } from './compiled.ts'
import type { Grade } from './state.ts'
import type { DeviceProfile } from './types.ts'

/** What of a kind its rules are resolved with. */
export type KindParts = Pick<Kind, 'metrics' | 'attributes' | 'reportEverySeconds'>

export interface Context {
  readonly kind: KindParts
  readonly attribute: (name: string) => string | number | boolean | readonly string[] | undefined
  readonly unitOf: (metric: string) => string
  readonly inactive: InactiveRule[]
}

/** What one rule comes to. */
export interface Parts {
  readonly rule: CompiledRule
  readonly limiters?: readonly Limiter[]
  readonly events?: ReadonlyArray<readonly [event: string, use: EventUse]>
  readonly corroboration?: CompiledCorroboration
}

/** A device's attribute, or its kind's default; and the regime of its site, which no attribute can take the name of. */
export function attributesOf(profile: DeviceProfile, kind: KindParts): Context['attribute'] {
  const { attributes, siteRegime = 'normal' } = profile
  const defaults = new Map(kind.attributes.map((a) => [a.name, a.default]))
  return (name) => {
    if (name === SITE_REGIME) return siteRegime
    return Object.hasOwn(attributes, name) ? attributes[name] : defaults.get(name)
  }
}

type Condition = Readonly<Record<string, string | number | boolean>>

export function matches({ attribute }: Context, when: Condition | undefined): boolean {
  return Object.entries(when ?? {}).every(([name, wanted]) => {
    const value = attribute(name)
    return wanted === '*' ? value !== undefined : value === wanted
  })
}

export function firstMatch<T extends { readonly when?: Condition | undefined }>(
  context: Context,
  variants: readonly T[],
): T | undefined {
  return variants.find((variant) => matches(context, variant.when))
}

/** `offDelay` in seconds, as rules have it; everything compiled is in ms. */
export function baseOf(
  {
    id,
    version,
    type,
    signal,
    title,
    category,
  }: Pick<VersionedRule, 'id' | 'version' | 'type' | 'signal' | 'title' | 'category'>,
  resolved: {
    readonly unit?: string
    readonly grades: ReadonlyMap<string, Grade>
    readonly onDelays?: ReadonlyMap<string, number>
    readonly offDelay?: number
    readonly offRegime?: boolean
  },
): CompiledRule {
  const { unit = '', grades, onDelays = new Map<string, number>(), offDelay = 0, offRegime = false } = resolved
  const delays = { onDelays, offDelay: Math.round(offDelay * 1000) }
  return { id, version, type, signal, title, category, unit, grades, ...delays, offRegime }
}
