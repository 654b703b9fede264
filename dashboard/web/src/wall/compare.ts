// A figure against what it was: 同比, 环比. Nothing is divided by nothing.
export type Comparison =
  | { readonly is: 'no_base' }
  | { readonly is: 'even' }
  /** Per cent, one decimal, rounded half up. */
  | { readonly is: 'up' | 'down'; readonly percent: number }

export function compare(now: number, before: number): Comparison {
  if (now === before) return { is: 'even' }
  if (before === 0) return { is: 'no_base' }
  const percent = Math.round((Math.abs(now - before) / before) * 1000) / 10
  return { is: now > before ? 'up' : 'down', percent }
}
