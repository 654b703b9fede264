// The ledger on PostgreSQL, which several processes share: the same records as on SQLite, and what those processes have to say
// to each other.
import { DEVICE_TOKEN_KEY, newDeviceTokenKey } from './device-token-key.ts'
import { carryOnErasures } from './erasures.ts'
import { LedgerError } from './errors.ts'
import type { LedgerOptions } from './ledger.ts'
import type { ClusterLedger } from './ledger/cluster.ts'
import { dropOutdated } from './maintain.ts'
import { MIGRATIONS } from './migrations/all.ts'
import { ledgerParts } from './parts.ts'
import { PersonalBox } from './personal-box.ts'
import { readSharedPersonalKeys } from './personal-key.ts'
import { AnswerRecords } from './postgres/answers.ts'
import { ChangeRecords } from './postgres/changes.ts'
import { DutyRecords } from './postgres/duties.ts'
import { PostgresContents } from './postgres/file-contents.ts'
import { ensureIncarnation } from './postgres/incarnation.ts'
import { openSchema } from './postgres/open.ts'
import { PartitionRecords } from './postgres/partitions.ts'
import { SetAsideRecords } from './postgres/set-asides.ts'
import { PostgresStore } from './postgres/store.ts'
import { placeOf } from './postgres/unusable.ts'
import { dropOutdatedOfCluster, oneAtATime } from './postgres/upkeep.ts'
import { WakeLine } from './postgres/wake.ts'

/** Setting: which key seals personal values, agreed on before anything is sealed. */
const PERSONAL_KEY_ID = 'personal_key_id'
/** How often contents of files are looked for that no row names, ms. */
const SWEEP_EVERY = 3_600_000

export interface PostgresLedgerOptions extends Omit<LedgerOptions, 'directory' | 'personalKeyFile'> {
  /** `postgres://user:password@host:5432/database`; the database exists and is the user's own. */
  readonly url: string
  /** The same key in every process; left out by those that neither seal nor read personal values. Never made here. */
  readonly personalKeyFile?: string | undefined
  /** What the process is called in the server's list of connections. */
  readonly name?: string
}

/** Inert until `start()`. */
export function createPostgresLedger(options: PostgresLedgerOptions): ClusterLedger {
  const { url, personalKeyFile, migrations = MIGRATIONS, name = 'zhian' } = options
  const { now = Date.now, log = () => undefined } = options
  // An address that is none is said before the driver makes something of it.
  placeOf(url)
  const store = new PostgresStore({ url, name, now, log })
  const line = new WakeLine({ url, name: `${name} wake`, log })
  const box = new PersonalBox()
  let tokenKey: Buffer = Buffer.alloc(0)
  const parts = ledgerParts(store, {
    box,
    contents: new PostgresContents(store),
    hashToken: (token) => options.hashDeviceToken(token, tokenKey),
  })
  let sweptAt = now()
  let stopping: Promise<void> | null = null

  async function start(): Promise<void> {
    try {
      await openSchema(store.schema, { url, migrations, now, log })
      const { settings } = parts
      if (personalKeyFile !== undefined)
        await readSharedPersonalKeys(box, personalKeyFile, store.read, (id) =>
          settings.ensure(PERSONAL_KEY_ID, () => id),
        )
      tokenKey = Buffer.from(await settings.ensure(DEVICE_TOKEN_KEY, newDeviceTokenKey), 'base64')
      if (await ensureIncarnation(store)) log('ledger: it stands in another database than before; screens begin anew')
      await parts.rules.seed(options.defaultRules)
      line.start()
    } catch (error) {
      await stop()
      throw error
    }
  }

  function stop(): Promise<void> {
    stopping ??= Promise.all([line.stop(), store.close()]).then(() => undefined)
    return stopping
  }

  return {
    ...parts,
    partitions: new PartitionRecords(store),
    answers: new AnswerRecords(store),
    changes: new ChangeRecords(store),
    setAsides: new SetAsideRecords(store),
    duties: new DutyRecords(store),
    onWake: (listener) => line.onWake(listener),
    start,
    stop,
    // Connections come back by themselves; there is nothing that only a new process could mend.
    failed: new Promise<never>(() => undefined),
    async backupTo() {
      throw new LedgerError('refused', {
        zh: '账本在 PostgreSQL 里，由它自己的工具备份：pg_dump --format=custom --file=ledger.dump "$ZHIAN_DATABASE_URL"。',
        en: 'The ledger is in PostgreSQL, whose own tools back it up: pg_dump --format=custom --file=ledger.dump "$ZHIAN_DATABASE_URL".',
      })
    },
    maintain: (at) =>
      oneAtATime(store, async () => {
        await dropOutdated(store, at)
        await dropOutdatedOfCluster(store)
        await carryOnErasures(store)
        if (at - sweptAt < SWEEP_EVERY) return
        sweptAt = at
        const swept = await parts.files.sweep()
        if (swept > 0) log(`files: removed ${swept} contents that no row names`)
      }),
  }
}
