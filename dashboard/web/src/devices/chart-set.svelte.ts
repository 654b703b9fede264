// The charts of a device's page as they stand, for export: each puts in what it shows; those out of view are asked to load.
import type { Series } from '../../../../contract/http/devices.ts'
import type { Span } from '../chart/zoom.ts'

export interface ShownChart {
  readonly title: string
  readonly unit: string
  readonly span: Span
  /** Each channel's name with what it is of: 线缆温度 A. */
  readonly channels: readonly { readonly label: string; readonly points: Series['points'] }[]
  /** Marks of refused messages in it. */
  readonly rejected: number
  /** Null while nothing is drawn, e.g. because there is nothing in the span. */
  readonly canvas: () => HTMLCanvasElement | null
}

export class ChartSet {
  /** Charts out of view load too. */
  all = $state(false)
  readonly #shown = new Map<string, ShownChart | null>()
  #heard: () => void = () => undefined

  /** `null`: it could not be read. */
  put(signal: string, shown: ShownChart | null): void {
    this.#shown.set(signal, shown)
    this.#heard()
  }

  drop(signal: string): void {
    this.#shown.delete(signal)
  }

  /** Every chart of `signals` over the span that the page shows, in that order; throws when one cannot be read. */
  async whole(signals: readonly string[], span: () => Span): Promise<ShownChart[]> {
    this.all = true
    try {
      for (;;) {
        const charts = signals.map((signal) => this.#shown.get(signal))
        if (charts.includes(null)) throw new Error('a chart could not be read')
        const { from, to } = span()
        const ready = charts.filter((chart) => chart?.span.from === from && chart.span.to === to)
        if (ready.length === signals.length) return ready as ShownChart[]
        await new Promise<void>((resolve) => (this.#heard = resolve))
      }
    } finally {
      this.all = false
    }
  }
}
