import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    // Two cores: one file a core. Files start real services, so more at once only makes them wait for each other.
    maxWorkers: 2,
    // Limits for what hangs, not for what is slow: a machine may be busy with something else.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    passWithNoTests: false,
  },
})
