// Gives the phone's service worker the list of what its shell consists of, with a version made of it: every build of other files
// is another version. The worker itself keeps one name, for browsers look for news under it.
import { createHash } from 'node:crypto'
import type { Plugin, Rolldown } from 'vite'
import { DATA_CACHE, KEPT_AT, SHELL_CACHE } from './src/phone/worker/caches.ts'
import type { Shell } from './src/phone/worker/caches.ts'

export const WORKER = 'm/sw.js'
const PLACEHOLDER = '__PHONE_SHELL__'
/** Served under this address, whatever page of the phone is asked for. */
const PAGE = '/m/'

export function phoneShell(): Plugin {
  return {
    name: 'phone-shell',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const worker = bundle[WORKER]
        if (worker?.type !== 'chunk') return
        const files = filesOf(bundle)
        const version = createHash('sha256').update(files.join('\n')).update(worker.code).digest('hex').slice(0, 12)
        if (!worker.code.includes(PLACEHOLDER)) throw new Error(`${WORKER} takes no list of the shell`)
        if (worker.imports.length > 0)
          throw new Error(`${WORKER} must stand alone, and imports ${worker.imports.join()}`)
        const names = { shellCache: SHELL_CACHE, dataCache: DATA_CACHE, keptAt: KEPT_AT }
        const shell: Shell = { version, files: [PAGE, ...files], ...names }
        worker.code = worker.code.replaceAll(PLACEHOLDER, JSON.stringify(shell))
      },
    },
  }
}

/** Scripts and styles of the phone's page and of every page of it that is fetched later. */
function filesOf(bundle: Rolldown.OutputBundle): string[] {
  const entry = Object.values(bundle).find((file) => file.type === 'chunk' && file.isEntry && file.name === 'm')
  if (entry?.type !== 'chunk') throw new Error('there is no page for the phone')
  const found = new Set<string>()
  const visit = (name: string): void => {
    const chunk = bundle[name]
    if (chunk?.type !== 'chunk' || found.has(name)) return
    found.add(name)
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style)
    for (const next of [...chunk.imports, ...chunk.dynamicImports]) visit(next)
  }
  visit(entry.fileName)
  return [...found].map((name) => `/${name}`).toSorted()
}
