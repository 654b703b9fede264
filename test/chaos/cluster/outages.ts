// How long an alarm took when the time in which something was broken does not count.

/** From the blow until what was hit works again, wall time, ms. */
export interface Outage {
  readonly from: number
  readonly to: number
}

/** The time between two instants that lies in no outage, ms. Outages may overlap. */
export function timeOutside(outages: readonly Outage[], from: number, to: number): number {
  let outside = Math.max(0, to - from)
  let counted = from
  for (const outage of outages.toSorted((a, b) => a.from - b.from)) {
    const [begin, end] = [Math.max(outage.from, counted), Math.min(outage.to, to)]
    if (end <= begin) continue
    outside -= end - begin
    counted = end
  }
  return outside
}
