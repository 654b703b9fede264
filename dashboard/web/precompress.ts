// Writes each built text file a second and third time, as gzip and Brotli: the hub sends them as they are instead of
// compressing the same bytes for every visit.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const TEXT = /\.(js|css|svg)$/
/** Below this a file fits one packet anyway. */
const SMALLEST = 1_024

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    async closeBundle() {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!TEXT.test(name)) continue
        const body = await readFile(join(folder, name))
        if (body.length < SMALLEST) continue
        await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(body, { level: 9 }))
        await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(body))
      }
    },
  }
}
