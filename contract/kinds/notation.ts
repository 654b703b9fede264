// Short notation for the tables of a kind, so that a line of the specification is a line of code.
import type { Also, Bilingual, Level, LevelName, Limit, Priority, Rule } from '../rules.ts'
import { ERROR_CODES } from './kind.ts'
import type { Attribute, KindCommand, KindEvent, Metric } from './kind.ts'

type Provenance = Rule['provenance']
type Extra<T, K extends keyof T> = Partial<Omit<T, K>>

export function metric(
  name: string,
  unit: string,
  [min, max, step]: readonly [number, number, number],
  zh: string,
  en: string,
): Metric {
  const errorCodes = ERROR_CODES.filter((code) => code >= min && code <= max)
  return { name, unit, min, max, step, label: { zh, en }, ...(errorCodes.length > 0 && { errorCodes }) }
}

/** One metric a channel: `temperature` with `abcn` makes `temperature_a` … `temperature_n`. */
export function channels(
  signal: string,
  suffixes: string,
  unit: string,
  range: readonly [number, number, number],
  zh: string,
  en: string,
): Metric[] {
  return [...suffixes].map((c) => {
    const position = c.toUpperCase()
    return metric(`${signal}_${c}`, unit, range, `${zh} ${position}`, `${en} ${position}`)
  })
}

/** ∑: a counter that may restart. It passes every number on its way: none of them is an error code. */
export function counter(...args: Parameters<typeof metric>): Metric {
  const { errorCodes: _, ...counted } = metric(...args)
  return { ...counted, cumulative: true }
}

/** 0/1; `one` says what 1 means. */
export function binary(name: string, zh: string, en: string, one: Bilingual): Metric {
  return { ...metric(name, '', [0, 1, 1], zh, en), binary: one }
}

/** `x` raises, `x_cleared` (or the name given) returns. */
export function pair(
  name: string,
  zh: string,
  en: string,
  data: readonly string[] = [],
  returned: { name: string; zh: string; en: string } = {
    name: `${name}_cleared`,
    zh: `${zh}恢复`,
    en: `${en} cleared`,
  },
): KindEvent[] {
  return [
    { name, label: { zh, en }, role: 'raise', data },
    { name: returned.name, label: { zh: returned.zh, en: returned.en }, role: 'return', of: name, data },
  ]
}

/** ◇ active, then at once returned. */
export function momentary(name: string, zh: string, en: string, data: readonly string[] = []): KindEvent {
  return { name, label: { zh, en }, role: 'momentary', data }
}

/** · kept in the log, no alarm. */
export function log(name: string, zh: string, en: string, data: readonly string[] = []): KindEvent {
  return { name, label: { zh, en }, role: 'log', data }
}

export function command(
  name: string,
  zh: string,
  en: string,
  expiry: number,
  extra: Extra<KindCommand, 'name' | 'label' | 'expiry'> = {},
): KindCommand {
  return { name, label: { zh, en }, expiry, args: {}, dangerous: false, ...extra }
}

export function attribute(
  name: string,
  zh: string,
  en: string,
  type: Attribute['type'] = 'text',
  extra: Extra<Attribute, 'name' | 'label' | 'type'> = {},
): Attribute {
  return { name, label: { zh, en }, type, ...extra }
}

export const oneOf = <const T extends readonly (string | number)[]>(...values: T) => ({ oneOf: values })

/** A level that returns by itself. `onDelay` in seconds. */
export function level(name: LevelName, limit: Limit, priority: Priority, onDelay: number): Level {
  return { name, limit, priority, onDelay, latch: false }
}

/** A level that stays until a reset. */
export function latched(name: LevelName, limit: Limit, priority: Priority, onDelay: number): Level {
  return { ...level(name, limit, priority, onDelay), latch: true }
}

/** The device's own flag, standing for a level of the hub's. */
export function flag(
  event: string,
  name: LevelName,
  priority: Priority,
  extra: { latch?: true; returnedBy?: string } = {},
): Also {
  return { event, level: name, priority, latch: false, returnedBy: `${event}_cleared`, ...extra }
}

/** A share of a number attribute; without the attribute the level is inactive and listed, unless there is a fallback. */
export function share(name: string, factor = 1, fallback?: number): Limit {
  return fallback === undefined ? { attribute: name, factor } : { attribute: name, factor, fallback }
}

/** This project's own recommendation. */
export function recommended(zh?: string, en?: string): Provenance {
  return zh !== undefined && en !== undefined ? { mark: 'REC', note: { zh, en } } : { mark: 'REC' }
}

/** A standard. The mark says how it was read: P its own text, S quoted by others. The note says which figures are its own. */
export function cited(mark: 'P' | 'S', standard: string, zh: string, en: string, clause?: string): Provenance {
  return { mark, standard, note: { zh, en }, ...(clause === undefined ? {} : { clause }) }
}

export const MINUTE = 60
export const HOUR = 3600
export const DAY = 86_400
