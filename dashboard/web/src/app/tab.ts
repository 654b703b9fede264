// The browser tab tells a desk that is behind other windows what it must know: not live, or how many wait.
import type { Link } from '../feed/link.ts'
import { clock } from '../text/format.ts'
import { t } from '../text/language.svelte.ts'

export function tabTitle(link: Link, unacknowledged: number, clockOffset: number): string {
  const name = t('app.name')
  if (link.phase === 'disconnected') return `⚠ ${t('title.down', { time: clock(link.since + clockOffset), name })}`
  if (link.phase !== 'live') return `… ${name}`
  return unacknowledged > 0 ? t('title.unacknowledged', { n: unacknowledged, name }) : name
}

export const tabIcon = (link: Link, unacknowledged: number): string =>
  link.phase === 'disconnected' ? '/favicon-down.svg' : unacknowledged > 0 ? '/favicon-alarm.svg' : '/favicon-live.svg'
