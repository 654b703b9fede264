import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { phoneShell, WORKER } from './phone-shell.ts'
import { precompress } from './precompress.ts'

/** zod, and with it the switch that every schema must find set when it is made (see interpret-schemas.ts). */
const isSchemaMaker = (id: string): boolean => /interpret-schemas\.ts$|[\\/]node_modules[\\/]zod[\\/]/.test(id)

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte({ configFile: false }), phoneShell(), precompress()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing may become a data: URL or an inline script: the policy of the hub is default-src 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // How long plugins took is nobody's news at every start.
    rolldownOptions: {
      // The desk and all its pages, the phone, and the phone's worker.
      input: {
        index: join(import.meta.dirname, 'index.html'),
        m: join(import.meta.dirname, 'm.html'),
        sw: join(import.meta.dirname, 'src/phone/worker/sw.ts'),
      },
      checks: { pluginTimings: false },
      output: {
        entryFileNames: ({ name }) => (name === 'sw' ? WORKER : 'assets/[name]-[hash].js'),
        codeSplitting: { groups: [{ name: 'zod', test: isSchemaMaker }] },
      },
    },
  },
})
