// VictoriaMetrics, the real one, under the contract of reading stores; the ledger keeps its events.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { createVictoriaStore } from '../../../ingest/readings/victoria-store.ts'
import { createLedger } from '../../../records/sqlite-ledger.ts'
import { startVictoria, VICTORIA_MISSING } from '../../support/services/victoria.ts'
import { readingStoreContract } from './contract.ts'
import { KINDS } from './county.ts'

describe.skipIf(VICTORIA_MISSING)('with a server', () => {
  const ends: (() => unknown)[] = []
  readingStoreContract(
    'VictoriaMetrics',
    { lastDeliveryWins: false },
    async () => {
      const server = await startVictoria()
      ends.push(() => server.dispose())
      const directory = mkdtempSync(join(tmpdir(), 'zhian-contract-'))
      ends.push(() => rmSync(directory, { recursive: true, force: true }))
      const ledger = createLedger({ directory, defaultRules: [], hashDeviceToken: () => '' })
      await ledger.start()
      ends.push(() => ledger.stop())
      const store = createVictoriaStore({
        url: server.url,
        kinds: KINDS,
        events: ledger.deviceEvents,
        now: Date.now,
        keepDays: 90,
        confirmEveryMs: 0,
      })
      await store.start()
      return { ...store, settle: () => Promise.resolve() }
    },
    async () => {
      for (const end of ends.splice(0).toReversed()) await end()
    },
  )
})
