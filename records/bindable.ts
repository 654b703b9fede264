// What may be bound to a statement. Drivers turn the rest into something else without a word: undefined and NaN become NULL
// or text, a Date whatever the engine thinks of dates.

export type SqlValue = null | number | bigint | string | Uint8Array

/** Throws TypeError for the first that cannot. */
export function refuseUnbindable(sql: string, parameters: readonly unknown[]): void {
  const unbindable = parameters.findIndex((value) => !isBindable(value))
  if (unbindable < 0) return
  throw new TypeError(`Parameter ${unbindable + 1} cannot be bound (${describe(parameters[unbindable])}): ${sql}`)
}

function isBindable(value: unknown): value is SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return true
  if (typeof value === 'number') return Number.isFinite(value)
  return value instanceof Uint8Array
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value)
}
