import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // The desk answers DOWN events and theme before anything else; the rest of the pages come in chunks of their own.
  plugins: [svelte({ configFile: false })],
  // Nothing may become a data: URL: the policy of the hub is default-src 'self'.
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
