// The built pages. Assets carry their hash in the name and never change; every other path is a page of the application.
import fastifyStatic from '@fastify/static'
import { existsSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { anyone } from './access.ts'
import type { App } from './app.ts'
import { ApiError } from './errors.ts'
import { isApi } from './error-handler.ts'

const YEAR_MS = 365 * 86_400_000
const INDEX = 'index.html'
/** Every page of the telephone, at `/m/` and below: its service worker's reach ends where this folder does. */
const PHONE = 'm.html'

/** A path that ends like a file's name is no page: a missing picture must not be answered with one. */
const FILE = /\.[a-z0-9]{1,8}$/i

export async function servePages(app: App, webRoot: string | null): Promise<void> {
  app.setNotFoundHandler(() => {
    throw new ApiError('not_found')
  })
  if (webRoot === null || !existsSync(join(webRoot, INDEX))) return
  const files = filesOf(webRoot)
  await app.register(fastifyStatic, { root: webRoot, serve: false, preCompressed: true, index: false })
  app.get(
    '/*',
    {
      config: { access: anyone('the page itself: it shows nothing before it has asked the API') },
      schema: { hide: true },
    },
    (request, reply) => {
      const path = (request.params as { '*': string })['*']
      const immutable = path.startsWith('assets/')
      // Only what was built is served: no path can lead anywhere else.
      if (files.has(path)) return reply.sendFile(path, immutable ? { maxAge: YEAR_MS, immutable } : { maxAge: 0 })
      if (isApi(`/${path}`) || immutable || FILE.test(path)) throw new ApiError('not_found')
      if (path === 'm' && !request.url.startsWith('/m/')) return reply.redirect('/m/')
      return reply.sendFile(path === 'm' || path.startsWith('m/') ? PHONE : INDEX, { maxAge: 0 })
    },
  )
}

/** Paths with `/`, relative to the folder; hidden ones left out. */
function filesOf(folder: string): ReadonlySet<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).split(sep).filter(Boolean).join('/'))
  return new Set(paths.filter((path) => !path.split('/').some((name) => name.startsWith('.'))))
}
