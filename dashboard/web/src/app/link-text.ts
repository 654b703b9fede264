// The link's state in words; the same on the status line, in the tab's title and on the veil.
import type { Link } from '../feed/link.ts'
import { clock } from '../text/format.ts'
import { t } from '../text/language.svelte.ts'

export function linkText(link: Link, clockOffset: number): string {
  if (link.phase === 'disconnected') return t('link.disconnected', { time: clock(link.since + clockOffset) })
  if (link.phase === 'catching_up')
    return link.behind === null || link.behind === 0
      ? t('link.catching_up_unknown')
      : t('link.catching_up', { n: link.behind })
  return t(`link.${link.phase}`)
}
