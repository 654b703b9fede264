// What the phone's service worker keeps of the hub's answers is of one person: it goes when they go, and before another comes.
import { DATA_CACHE } from '../phone/worker/caches.ts'

export async function forgetKeptData(): Promise<void> {
  // Only there in a secure context, as the worker itself is.
  if ('caches' in globalThis) await caches.delete(DATA_CACHE).catch(() => false)
}
