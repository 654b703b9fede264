// What the charts of a device show, as files: a table, and a picture.
import { DASHES } from '../chart/dashes.ts'
import { pictureOf } from '../chart/png.ts'
import type { Picture } from '../chart/png.ts'
import { exportName, isoInstant, seriesCsv } from '../chart/series-csv.ts'
import type { Span } from '../chart/zoom.ts'
import { t } from '../text/language.svelte.ts'
import { saveFile } from '../ui/save-file.ts'
import type { ShownChart } from './chart-set.svelte.ts'

export interface Exported {
  readonly device: { readonly id: string; readonly name: string; readonly place: readonly string[] }
  readonly span: Span
  readonly charts: readonly ShownChart[]
}

export function exportCsv({ device, span, charts }: Exported): void {
  const series = charts.flatMap(({ unit, channels }) => channels.map(({ label, points }) => ({ label, unit, points })))
  const words = { time: t('chart.csv.time'), field: (field: string) => t(`chart.csv.${field as 'mean'}`) }
  saveFile(`${exportName(device.id, span)}.csv`, 'text/csv', seriesCsv(series, words))
}

export async function exportPng({ device, span, charts }: Exported): Promise<void> {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(name).trim()
  const pictures = charts.flatMap((chart) => {
    const canvas = chart.canvas()
    if (canvas === null) return []
    const title = chart.unit === '' ? chart.title : `${chart.title} (${chart.unit})`
    const keys = chart.channels.map(({ label }, index) => ({ label, dash: DASHES[index % DASHES.length] ?? [] }))
    return [{ title, canvas, keys: keys.length > 1 ? keys : [], legend: legendOf(chart) }]
  })
  if (pictures.length === 0) throw new Error('there is no chart in this span')
  const range = `${isoInstant(span.from)} – ${isoInstant(span.to)}`
  const heading = [`${device.name} · ${device.id}`, [...device.place, range].join(' ')]
  const picture = await pictureOf(heading, pictures, {
    ground: token('--ground'),
    ink: token('--ink'),
    quiet: token('--ink-2'),
    family: token('--font'),
  })
  saveFile(`${exportName(device.id, span)}.png`, 'image/png', picture)
}

/** What the chart's own legend says: a picture has none. */
function legendOf({ channels, rejected }: ShownChart): Picture['legend'] {
  const points = channels.flatMap((channel) => channel.points)
  const count = (of: (point: (typeof points)[number]) => number) => points.reduce((sum, point) => sum + of(point), 0)
  const counts = { late: count(({ late = 0 }) => late), suspect: count(({ suspect = 0 }) => suspect), rejected }
  const marked = (['late', 'suspect', 'rejected'] as const).filter((kind) => counts[kind] > 0)
  return [
    ...(points.some((point) => point.count > 1) ? [{ kind: null, text: t('chart.band') }] : []),
    ...marked.map((kind) => ({ kind, text: `${t(`chart.${kind}`)} ${counts[kind]}` })),
  ]
}
