// Tells the hub that this page is a desk someone can see. Reported on change here, and every 30 s by the feed.
import type { Feed } from '../feed/feed.svelte.ts'

/** Until the returned function is called. The page has no horn: it never claims to be armed. */
export function standAtDesk(feed: Feed): () => void {
  const report = () =>
    feed.reportDesk({
      armed: false,
      muted: false,
      visible: document.visibilityState === 'visible',
      soundCheckedAt: null,
    })
  report()
  document.addEventListener('visibilitychange', report)
  return () => {
    document.removeEventListener('visibilitychange', report)
    feed.reportDesk(null)
  }
}
