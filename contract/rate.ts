// The one way a share is rounded: half up, to one decimal. It may pass 100 % and is never clamped.

/** Percent of `part` in `whole`, both whole numbers of things; null where there is nothing to take a share of. */
export function percentOf(part: number, whole: number): number | null {
  // In whole tenths of a percent, so that no binary fraction decides a tie.
  return whole === 0 ? null : Math.floor((part * 2_000 + whole) / (2 * whole)) / 10
}

/** `103.3 %`; `—` where there is none. */
export const percentText = (rate: number | null): string => (rate === null ? '—' : `${rate.toFixed(1)} %`)
