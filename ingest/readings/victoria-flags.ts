// How VictoriaMetrics was started decides whether it may be used: what it lacks cannot be made good from here.
import { DAY_MS } from './schema.ts'
import { StoreUnusableError } from './unavailable.ts'
import type { VictoriaHttp } from './victoria-http.ts'

/** Without a unit it counts months of 31 days, as the server does. */
const RETENTION_UNIT_DAYS: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, w: 7, y: 365, '': 31 }
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS }

/** Throws StoreUnusableError naming every flag that must be another. `keepDays`: how long samples must be kept. */
export async function checkFlags(http: VictoriaHttp, keepDays: number): Promise<void> {
  const flags = flagsOf(await http.get('/flags'))
  const problems: string[] = []
  // (device, ts) is one reading: a line that is written again must not count twice.
  if (durationMs(flags.get('dedup.minScrapeInterval') ?? '0s') !== 1) problems.push('-dedup.minScrapeInterval=1ms')
  // The newest samples belong into the answer as they are, not as those before them.
  if (durationMs(flags.get('search.latencyOffset') ?? '30s') !== 0) problems.push('-search.latencyOffset=0s')
  if (retentionDays(flags.get('retentionPeriod') ?? '1') < keepDays) problems.push(`-retentionPeriod=${keepDays}d`)
  // Making a snapshot is what confirms a write.
  if ((flags.get('snapshotAuthKey') ?? '') !== '') problems.push('-snapshotAuthKey=')
  if (problems.length === 0) return
  const wanted = problems.join(' ')
  throw new StoreUnusableError(
    `VictoriaMetrics 须以 ${wanted} 启动，否则读数会重复、缺失、过早删除或无法确认。` +
      ` Start VictoriaMetrics with ${wanted}: otherwise readings are doubled, missing, dropped too early or never confirmed.`,
  )
}

/** `-name="value"`, one a line; those left at their default may be missing. */
function flagsOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^-([\w.]+)="?([^"\n]*)"?$/gm)].map(([, name = '', value = '']) => [name, value]))
}

function durationMs(text: string): number {
  let sum = 0
  for (const [, number = '', unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    sum += Number(number) * (UNIT_MS[unit] ?? NaN)
  return /^(?:[\d.]+(?:ms|s|m|h|d))+$/.test(text) ? sum : Number(text === '0' ? 0 : NaN)
}

function retentionDays(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)([hdwy]?)$/.exec(text) ?? []
  return Number(number || NaN) * (RETENTION_UNIT_DAYS[unit] ?? NaN)
}
