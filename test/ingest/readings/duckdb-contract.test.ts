// DuckDB under the contract of reading stores: as readings arrive, and sealed behind every step.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDuckdbStore } from '../../../ingest/readings/duckdb-store.ts'
import { readingStoreContract } from './contract.ts'
import { KEEP, KINDS } from './county.ts'

for (const sealed of [false, true]) {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-contract-'))
  readingStoreContract(
    `DuckDB, ${sealed ? 'sealed' : 'as readings arrive'},`,
    { lastDeliveryWins: true },
    async () => {
      const store = createDuckdbStore({ directory, kinds: KINDS, sealRows: 1 })
      await store.start()
      return {
        ...store,
        settle: () => (sealed ? store.maintain(Date.now(), KEEP) : Promise.resolve()),
      }
    },
    async () => rmSync(directory, { recursive: true, force: true }),
  )
}
