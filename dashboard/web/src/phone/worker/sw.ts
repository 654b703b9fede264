// The phone's service worker, for `/m/` and below; the desk's pages never pass it. It keeps the shell so that the phone opens
// without a network, keeps the last answers so that there is something to show (each with the instant it was true at, which the
// page says), and shows messages that were pushed. It sends nothing on anybody's behalf but the receipt of a message.
import type { Shell } from './caches.ts'

interface Lifetime extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Asked extends Lifetime {
  readonly request: Request
  readonly clientId: string
  respondWith(answer: Promise<Response>): void
}
interface Pushed extends Lifetime {
  readonly data: { json(): unknown } | null
}
interface Touched extends Lifetime {
  readonly notification: Notification
}
interface Told extends Lifetime {
  readonly data: unknown
}
interface WindowOf {
  readonly url: string
  focus(): Promise<unknown>
  postMessage(message: unknown, options: StructuredSerializeOptions): void
}
/** What a service worker finds around it: the page's types know it as a window. */
interface Scope {
  readonly clients: {
    claim(): Promise<void>
    get(id: string): Promise<WindowOf | undefined>
    matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<WindowOf[]>
    openWindow(url: string): Promise<unknown>
  }
  readonly registration: ServiceWorkerRegistration
  skipWaiting(): Promise<void>
  addEventListener<E extends Event>(name: string, listener: (event: E) => void): void
}
const worker = globalThis as unknown as Scope

/** Written in by the build: a worker stands alone, and imports nothing. */
declare const __PHONE_SHELL__: Shell
const SHELL = __PHONE_SHELL__
const { dataCache: DATA_CACHE, keptAt: KEPT_AT, shellCache: SHELL_CACHE } = SHELL
const SHELL_NAME = `${SHELL_CACHE}${SHELL.version}`
const PAGE = '/m/'

/** Answers that are shown again when there is no network. Nothing about tenants, and no readings. */
const KEEP =
  /^\/api\/v1\/(?:me(?:\/prompts)?|sites(?:\/[^/]+)?|devices(?:\/[^/]+)?|alarms(?:\/[^/]+)?|first-steps|files)$/
const NEVER = /\/(?:export|import)$/
const MOST_KEPT = 300
/** A network that has not answered by then is as good as none, if there is something to show instead. */
const PATIENCE_MS = { page: 2_500, data: 6_000 } as const

worker.addEventListener<Lifetime>('install', (event) => event.waitUntil(install()))
worker.addEventListener<Lifetime>('activate', (event) => event.waitUntil(activate()))
worker.addEventListener<Told>('message', (event) => {
  // The person has said that they want the new version now.
  if (event.data === 'take-over') event.waitUntil(worker.skipWaiting())
})

async function install(): Promise<void> {
  const cache = await caches.open(SHELL_NAME)
  await cache.addAll(SHELL.files.map((file) => new Request(file, { cache: 'reload' })))
}

async function activate(): Promise<void> {
  for (const name of await caches.keys())
    if (name.startsWith(SHELL_CACHE) && name !== SHELL_NAME) await caches.delete(name)
  await worker.clients.claim()
}

worker.addEventListener<Asked>('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (SHELL.files.includes(url.pathname)) event.respondWith(shellFile(request))
  else if (KEEP.test(url.pathname) && !NEVER.test(url.pathname)) event.respondWith(data(event, url))
})

/** From the network first: a page that speaks another protocol than the hub would ask for itself for ever. */
async function page(request: Request): Promise<Response> {
  const fresh = fetch(request).catch(() => null)
  const answer = await Promise.race([fresh, after(PATIENCE_MS.page)])
  if (answer?.ok === true) return answer
  const cache = await caches.open(SHELL_NAME)
  return (await cache.match(PAGE)) ?? (await fresh) ?? Response.error()
}

async function shellFile(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL_NAME)
  return (await cache.match(request.url)) ?? fetch(request)
}

async function data(event: Asked, { pathname, search }: URL): Promise<Response> {
  const key = pathname + search
  const fresh = fetch(event.request).then(async (answer) => {
    await keep(key, pathname, answer.clone()).catch(() => undefined)
    return answer
  })
  const cache = await caches.open(DATA_CACHE)
  const kept = await cache.match(key)
  if (kept === undefined) return fresh
  const answer = await Promise.race([fresh.catch(() => null), after(PATIENCE_MS.data)])
  if (answer !== null) return answer
  // It may come yet, and is then kept.
  event.waitUntil(fresh.catch(() => undefined))
  const page = event.clientId === '' ? undefined : await worker.clients.get(event.clientId)
  page?.postMessage({ type: 'kept', at: Number(kept.headers.get(KEPT_AT)) }, {})
  return kept
}

async function keep(key: string, pathname: string, answer: Response): Promise<void> {
  // Nobody is signed in, or somebody else: nothing of the one before is shown to them.
  if (answer.status === 401) return void (await caches.delete(DATA_CACHE))
  const cache = await caches.open(DATA_CACHE)
  if (!answer.ok) return void (await cache.delete(key))
  const body = await answer.text()
  if (pathname === '/api/v1/me') {
    const before = await cache.match(key).then((known) => known?.text())
    if (before !== undefined && idIn(before) !== idIn(body)) await caches.delete(DATA_CACHE)
  }
  const headers = { 'content-type': answer.headers.get('content-type') ?? '', [KEPT_AT]: String(Date.now()) }
  await (await caches.open(DATA_CACHE)).put(key, new Response(body, { headers }))
  const keys = await cache.keys()
  for (const old of keys.slice(0, Math.max(0, keys.length - MOST_KEPT))) await cache.delete(old)
}

const idIn = (json: string): unknown => (JSON.parse(json) as { id?: unknown }).id

const after = (ms: number): Promise<null> => new Promise((resolve) => setTimeout(() => resolve(null), ms))

// ---- Messages ----------------------------------------------------------------------------------------------------

interface Payload {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly alarmId: string | null
  readonly priority: number
  readonly at: number
}

worker.addEventListener<Pushed>('push', (event) => {
  const payload = event.data?.json() as Payload | undefined
  if (payload !== undefined) event.waitUntil(Promise.all([show(payload), receipt(payload.id)]))
})

function show({ id, title, body, alarmId, priority, at }: Payload): Promise<void> {
  const options: NotificationOptions & { renotify: boolean; timestamp: number } = {
    body,
    icon: '/m/icon-192.png',
    badge: '/m/badge-96.png',
    // One line for an alarm, however often it is told; it rings again each time.
    tag: alarmId ?? id,
    renotify: true,
    timestamp: at,
    requireInteraction: priority <= 2,
    data: { path: alarmId === null ? PAGE : `${PAGE}alarms/${encodeURIComponent(alarmId)}` },
  }
  return worker.registration.showNotification(title, options)
}

/** That it has come, not that it was read. Who is signed out, or has no network, gives none. */
async function receipt(id: string): Promise<void> {
  const body = JSON.stringify({ id })
  await fetch('/api/v1/push/received', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  }).catch(() => undefined)
}

worker.addEventListener<Touched>('notificationclick', (event) => {
  event.notification.close()
  const { path } = event.notification.data as { path: string }
  event.waitUntil(open(path))
})

/** In the page that is there: what is written in it stays. */
async function open(path: string): Promise<void> {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: false })
  const [here] = windows.filter(({ url }) => new URL(url).pathname.startsWith(PAGE))
  if (here === undefined) return void (await worker.clients.openWindow(path))
  await here.focus().catch(() => undefined)
  here.postMessage({ type: 'open', path }, {})
}
