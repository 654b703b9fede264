/** The value at this share (0…1) of the ascending order, by nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b)
  return ascending[Math.max(1, Math.ceil(share * ascending.length)) - 1] ?? NaN
}

/** Of an even number of values the mean of the middle two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b)
  const upper = ascending.length >> 1
  const [low, high] = [ascending[(ascending.length - 1) >> 1], ascending[upper]]
  return low === undefined || high === undefined ? NaN : (low + high) / 2
}
