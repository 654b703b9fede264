// The latency histogram as people read it: reports in each step, all priorities together, not summed up from below.
import type { HubFigures } from '../../contract/http/hub-figures.ts'
import type { DashboardMetrics } from './metrics.ts'

export async function shownFigures(shown: DashboardMetrics['shown']): Promise<HubFigures['shown']> {
  const { values } = await shown.get()
  const upTo = new Map<number, number>()
  for (const { labels, value } of values) {
    const { le } = labels as { le?: string | number }
    if (le === undefined) continue
    const bound = le === '+Inf' ? Infinity : Number(le)
    upTo.set(bound, (upTo.get(bound) ?? 0) + value)
  }
  const steps = [...upTo].toSorted(([a], [b]) => a - b)
  return {
    count: upTo.get(Infinity) ?? 0,
    buckets: steps.map(([bound, count], index) => ({
      le: bound === Infinity ? null : bound,
      count: count - (steps[index - 1]?.[1] ?? 0),
    })),
  }
}
