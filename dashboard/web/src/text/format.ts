// Instants, ages, numbers and places as people of the trade write them. Times are Beijing time on every screen.
import type { Language } from './dictionary.ts'

export const TIME_ZONE = 'Asia/Shanghai'
/** No summer time. */
export const TIME_ZONE_OFFSET_MS = 8 * 3_600_000

const parts = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: TIME_ZONE, hourCycle: 'h23', ...options })
const CLOCK = parts({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
const MINUTE = parts({ hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('sv-SE', { timeZone: TIME_ZONE, year: 'numeric', month: '2-digit', day: '2-digit' })

/** `14:03:27` */
export const clock = (ms: number): string => CLOCK.format(ms)
/** `14:03` */
export const clockMinute = (ms: number): string => MINUTE.format(ms)
/** `2026-11-22` */
export const day = (ms: number): string => DAY.format(ms)
/** `2026-11-22 14:03:27` */
export const instant = (ms: number): string => `${day(ms)} ${clock(ms)}`
/** The whole instant with its milliseconds and zone, for hover. */
export const fullInstant = (ms: number): string =>
  `${instant(ms)}.${String(Math.trunc(ms) % 1000).padStart(3, '0')} UTC+8`
/** The clock on the day itself, with the date on any other. */
export const instantFrom = (ms: number, now: number): string => (day(ms) === day(now) ? clock(ms) : instant(ms))

/** `03:12`, `1:07:31`, from a day on `3 天 4 时`. For columns, where every row must align. */
export function ageShort(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds >= 86_400) {
    const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600)]
    return language === 'zh' ? `${days} 天 ${hours} 时` : `${days} d ${hours} h`
  }
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`
}

/** `3 分 12 秒`: the two largest parts. */
export function age(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const units = language === 'zh' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'min', 's']
  const values = [
    Math.floor(seconds / 86_400),
    Math.floor((seconds % 86_400) / 3600),
    Math.floor((seconds % 3600) / 60),
    seconds % 60,
  ]
  const first = values.findIndex((value) => value > 0)
  if (first < 0) return `0 ${units[3]}`
  return [first, first + 1]
    .filter((index) => index < 4 && (index === first || (values[index] ?? 0) > 0))
    .map((index) => `${values[index]} ${units[index]}`)
    .join(' ')
}

/** By number of decimals: making one costs more than drawing a row. */
const NUMBERS = [0, 1, 2, 3, 4].map(
  (decimals) => new Intl.NumberFormat('en-US', { maximumFractionDigits: decimals, useGrouping: 'min2' }),
)

/** As many decimals as `step` has, and no more than the value needs. */
export function figure(value: number, step = 0.01): string {
  const decimals = step >= 1 ? 0 : Math.min(4, Math.max(0, Math.ceil(-Math.log10(step))))
  return (NUMBERS[decimals] as Intl.NumberFormat).format(value).replaceAll(',', '\u202f').replace('-', '−')
}

/** `9 ms`, `1.2 s` */
export const milliseconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${figure(ms / 1000, 0.1)} s`)
