// The built pages. Assets carry their hash in the name and never change; every other path is a page of the application.
import fastifyStatic from '@fastify/static'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { anyone } from './access.ts'
import type { App } from './app.ts'
import { ApiError } from './errors.ts'
import { isApi } from './error-handler.ts'

const YEAR_MS = 365 * 86_400_000

export async function servePages(app: App, webRoot: string | null): Promise<void> {
  const built = webRoot !== null && existsSync(join(webRoot, 'index.html'))
  if (built) {
    await app.register(fastifyStatic, {
      root: webRoot,
      serve: false,
      preCompressed: true,
      dotfiles: 'deny',
      index: false,
    })
    app.get(
      '/*',
      {
        config: { access: anyone('the page itself: it shows nothing before it has asked the API') },
        schema: { hide: true },
      },
      (request, reply) => {
        const path = (request.params as { '*': string })['*']
        if (path === '' || path === 'index.html') return reply.sendFile('index.html', { maxAge: 0 })
        const hashed = path.startsWith('assets/')
        return reply.sendFile(path, hashed ? { maxAge: YEAR_MS, immutable: true } : { maxAge: 0 })
      },
    )
  }

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] as string
    const page = request.method === 'GET' || request.method === 'HEAD'
    const file = /\.[a-z0-9]{1,8}$/i.test(path)
    if (built && page && !isApi(path) && !file && !path.startsWith('/assets/'))
      return reply.code(200).sendFile('index.html', { maxAge: 0 })
    throw new ApiError('not_found')
  })
}
