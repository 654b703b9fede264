import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { precompress } from './precompress.ts'

/** The schemas, and before them the switch that they must find set (see interpret-schemas.ts), in one chunk and so in order. */
const isContract = (id: string): boolean =>
  /interpret-schemas\.ts$|[\\/]node_modules[\\/]zod[\\/]|[\\/]contract[\\/](?!kinds[\\/])/.test(id)

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte({ configFile: false }), precompress()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // Nothing may become a data: URL or an inline script: the policy of the hub is default-src 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // How long plugins took is nobody's news at every start.
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { codeSplitting: { groups: [{ name: 'contract', test: isContract }] } },
    },
  },
})
