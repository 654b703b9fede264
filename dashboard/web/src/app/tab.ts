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

/** A browser draws its own bars anew for a title or an icon: a new row is not kept waiting for that, nor for 10,000 of them. */
const TAB_MS = 250

/** Shows the newest title and icon in the tab, a moment later. */
export class BrowserTab {
  #due: { readonly title: string; readonly icon: string } | null = null

  show(title: string, icon: string): void {
    if (this.#due === null) setTimeout(() => this.#write(), TAB_MS)
    this.#due = { title, icon }
  }

  #write(): void {
    if (this.#due === null) return
    const { title, icon } = this.#due
    this.#due = null
    const link = document.getElementById('favicon')
    if (document.title !== title) document.title = title
    // A browser fetches the same icon again when it is set again.
    if (link !== null && link.getAttribute('href') !== icon) link.setAttribute('href', icon)
  }
}
