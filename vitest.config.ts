import { defineConfig } from 'vitest/config'

const EVERYTHING = 'test/**/*.test.ts'
/** What is about PostgreSQL and nothing else. */
const POSTGRES_ONLY = 'test/records/postgres/*.test.ts'
/** About files on a disk: how SQLite's are opened, locked, killed, copied and put back, and the key that is made beside them. */
const SQLITE_ONLY = ['sqlite', 'opening', 'kill', 'backup', 'personal-key'].map(
  (name) => `test/records/${name}.test.ts`,
)

export default defineConfig({
  test: {
    pool: 'forks',
    // Two cores: one file a core. Files start real services, so more at once only makes them wait for each other.
    maxWorkers: 2,
    passWithNoTests: false,
    // As the limits of tests below: for what never comes, not for what is slow to come.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'zhian',
          include: [EVERYTHING],
          exclude: [POSTGRES_ONLY],
          setupFiles: ['test/setup.ts'],
          // Limits for what hangs, not for what is slow: a machine may be busy with something else.
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        // The records once more, on the other engine.
        extends: true,
        test: {
          name: 'postgresql',
          include: ['test/records/*.test.ts', POSTGRES_ONLY],
          exclude: SQLITE_ONLY,
          setupFiles: ['test/setup.ts', 'test/records/postgres/skip.ts'],
          globalSetup: ['test/records/postgres/server.ts'],
          env: { ZHIAN_TEST_LEDGER: 'postgresql' },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
