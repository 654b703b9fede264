// A hub moves into a cluster: real stores on both sides, the command killed in its middle, and every row read back.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import type { Page } from '../../../contract/http/common.ts'
import { hashToken } from '../../../broker/tokens.ts'
import { LAYOUT_KEY } from '../../../cluster/keys.ts'
import { connectRedis } from '../../../cluster/redis.ts'
import { readConfig } from '../../../hub/config.ts'
import { createReadingStore } from '../../../hub/reading-store.ts'
import { METRIC_COLUMNS } from '../../../hub/rules.ts'
import { parseState } from '../../../ingest/alarms/state.ts'
import { createDuckdbStore } from '../../../ingest/readings/duckdb-store.ts'
import { compareDevice } from '../../../ingest/readings/move.ts'
import type { StoredReading } from '../../../ingest/readings/port.ts'
import type { Ledger } from '../../../records/ledger.ts'
import type { ClusterLedger } from '../../../records/ledger/cluster.ts'
import { LedgerMove } from '../../../records/move.ts'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { createLedger } from '../../../records/sqlite-ledger.ts'
import { ADMIN_PASSWORD, until } from '../../support/hub-process.ts'
import { roleProcess } from '../../support/role-process.ts'
import { Api } from '../../support/api.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { startVictoria, VICTORIA_MISSING } from '../../support/services/victoria.ts'
import type { VictoriaServer } from '../../support/services/victoria.ts'
import { ask, connectTo, copyOf, hubWithPast, METERS, migrateStore, sha256 } from './world.ts'
import type { PastHub } from './world.ts'

const COMMON = {
  defaultRules: [],
  hashDeviceToken: (token: string, key: Uint8Array) => hashToken(key, token).toString('hex'),
}
const everything = async <T>(items: AsyncIterable<T>): Promise<T[]> => Array.fromAsync(items)

describe.skipIf(POSTGRES_MISSING || REDIS_MISSING || VICTORIA_MISSING)('moving a hub into a cluster', () => {
  let hub: PastHub
  let postgres: PostgresServer
  let redis: RedisServer
  let victoria: VictoriaServer
  let data = ''
  let database = ''
  let count = 0
  let ledgerBefore = ''

  const environment = (more: Record<string, string> = {}): Record<string, string> => ({
    ZHIAN_DATA_DIR: data,
    ZHIAN_DATABASE_URL: database,
    ZHIAN_REDIS_URL: redis.url,
    ZHIAN_VICTORIA_URL: victoria.url,
    ZHIAN_PERSONAL_KEY_FILE: join(data, 'keys', 'personal.key'),
    ...more,
  })

  beforeAll(async () => {
    ;[hub, postgres, redis, victoria] = await Promise.all([
      hubWithPast(),
      startPostgres(),
      startRedis(),
      startVictoria(),
    ])
    data = join(hub.directory, 'data')
  }, 180_000)
  afterAll(async () => {
    await hub?.dispose()
    await Promise.all([postgres?.dispose(), redis?.dispose(), victoria?.dispose()])
  })
  beforeEach(async () => {
    count += 1
    database = await postgres.database(`moved_${count}`)
  })

  it('while the hub runs nothing is moved', async () => {
    const { code, output } = await migrateStore(environment())
    expect(output).toContain('in use by another')
    expect(code).toBe(1)
    expect(await ask(database, `select 1 from information_schema.tables where table_schema = 'public'`)).toEqual([])
    expect(await hub.terminate()).toBe(0)
    ledgerBefore = sha256(readFileSync(join(data, 'ledger.db')))
  })

  it('a look changes nothing, and says what would be moved', async () => {
    const { code, output } = await migrateStore(environment(), { more: ['--check'] })
    expect(code, output).toBe(0)
    expect(output).toContain(`devices ${METERS + 2}`)
    expect(await ask(database, `select 1 from information_schema.tables where table_schema = 'public'`)).toEqual([])
  })

  it('goes nowhere where something else is: a database in use, the streams of another cluster, the wrong key', async () => {
    await ask(database, 'create table somebody (id int)')
    expect(await migrateStore(environment())).toMatchObject({ code: 1, output: expect.stringContaining('not empty') })
    await ask(database, 'drop table somebody')

    const streams = connectRedis({ url: redis.url, name: 'test', onError: () => undefined })
    await new Promise<void>((resolve) => streams.once('ready', () => resolve()))
    await streams.set(LAYOUT_KEY, '{}')
    expect(await migrateStore(environment())).toMatchObject({
      code: 1,
      output: expect.stringContaining('streams of another cluster'),
    })
    await streams.flushall()
    streams.disconnect()

    const elsewhere = copyOf(data)
    const key = join(elsewhere.path, 'other.key')
    writeFileSync(key, `${Buffer.alloc(32, 7).toString('base64')}\n`)
    expect(await migrateStore(environment({ ZHIAN_PERSONAL_KEY_FILE: key }))).toMatchObject({
      code: 1,
      output: expect.stringContaining('not the one that sealed'),
    })
    elsewhere.remove()
    expect(await migrateStore({ ...environment(), ZHIAN_VICTORIA_URL: '' })).toMatchObject({ code: 1 })
    expect(await migrateStore(environment(), { more: ['--sideways'] })).toMatchObject({ code: 2 })
  }, 120_000)

  it('a hub that did not decide all it took is started once more first', async () => {
    const killed = copyOf(data)
    const ledger = new DatabaseSync(join(killed.path, 'ledger.db'))
    // As a kill leaves it: readings are stored, the states of quiet devices are older.
    ledger.exec(`update head set checkpoint = 0`)
    for (const { device_id, state } of ledger.prepare('select device_id, state from device_state').all() as {
      device_id: string
      state: string
    }[])
      ledger
        .prepare('update device_state set position = 0, state = ? where device_id = ?')
        .run(JSON.stringify({ ...parseState(state), position: 0 }), device_id)
    ledger.close()
    const run = await migrateStore(environment({ ZHIAN_DATA_DIR: killed.path }))
    expect(run).toMatchObject({ code: 1, output: expect.stringContaining('not stopped in good order') })
    killed.remove()
  }, 120_000)

  it('killed again and again it goes on; everything is there, a changed row is found, and a cluster opens it', async () => {
    const half = () => createPostgresLedger({ url: database, ...COMMON })
    for (const [killAt, killAfterMs] of [
      ['Moving the ledger', 120],
      ['Moving the ledger', 400],
      ['Moving readings', 0],
      ['Moving readings', 700],
      ['Comparing the ledger', 50],
    ] as const) {
      const { code, output } = await migrateStore(environment(), { killAt, killAfterMs })
      expect(code, output).toBeNull()
      // No cluster starts on half a ledger.
      const ledger = half()
      await expect(ledger.start()).rejects.toThrow('not been moved in whole')
    }
    await ask(database, `update app_user set name = 'somebody else' where username = 'wang'`)
    const wrong = await migrateStore(environment())
    expect(wrong.code, wrong.output).toBe(3)
    expect(wrong.output).toMatch(/app_user .*DIFFERS/)
    await expect(half().start()).rejects.toThrow('not been moved in whole')
    await ask(database, `update app_user set name = 'wang 值班员' where username = 'wang'`)

    const { code, output } = await migrateStore(environment())
    expect(code, output).toBe(0)
    expect(output).toContain('Goes on where it was')
    expect(output).toMatch(/differing 0/)
    expect(output).not.toContain('DIFFERS')
    // What is whole is not moved twice.
    expect(await migrateStore(environment())).toMatchObject({ code: 1, output: expect.stringContaining('not empty') })
    await expectTheSameHub()
    await expectTheSameReadings()
  }, 300_000)

  async function expectTheSameHub(): Promise<void> {
    const copy = copyOf(data)
    const before: Ledger = createLedger({ directory: copy.path, ...COMMON })
    const after: ClusterLedger = createPostgresLedger({
      ...{ url: database, ...COMMON, personalKeyFile: join(data, 'keys', 'personal.key') },
    })
    try {
      await Promise.all([before.start(), after.start()])
      const [old, moved] = [await before.journal.snapshot(EVERYTHING), await after.journal.snapshot(EVERYTHING)]
      expect(old.alarms.length).toBeGreaterThanOrEqual(2)
      expect(moved).toEqual(old)
      const acknowledged = moved.alarms.find(({ deviceId }) => deviceId === 'gas-1')
      expect(acknowledged?.ack?.reason).toBe('calling')
      expect(await after.audit.verify()).toEqual(await before.audit.verify())
      expect(await after.journal.incarnation()).toBe(await before.journal.incarnation())
      expect(await everything(after.devices.identities())).toEqual(await everything(before.devices.identities()))

      // Everything of the streams is new to every device, whatever it had taken in before.
      for await (const { position, state } of after.journal.deviceStates())
        expect([position, parseState(state).position]).toEqual([0, 0])
      expect(await after.journal.positions()).toEqual({ checkpoint: 0, newest: 0 })
      await after.partitions.ensure(64)
      expect((await after.partitions.all()).every(({ decided, stored }) => decided === 0 && stored === 0)).toBe(true)

      const [site] = (await after.places.sites(EVERYTHING, { limit: 1 })).items
      const { items } = await after.files.list(EVERYTHING, { subject: `site:${site?.id}`, limit: 5 })
      expect(items).toHaveLength(1)
      for (const file of items) {
        const content = Buffer.concat((await (await after.files.read(file))?.toArray()) ?? [])
        expect(sha256(content)).toBe(file.sha256)
      }
    } finally {
      await Promise.all([before.stop(), after.stop()])
      copy.remove()
    }
  }

  async function expectTheSameReadings(): Promise<void> {
    const copy = copyOf(data)
    const old = createDuckdbStore({ directory: join(copy.path, 'readings'), kinds: METRIC_COLUMNS })
    const ledger = createPostgresLedger({ url: database, ...COMMON })
    const config = readConfig({ ...environment(), ZHIAN_ROLE: 'ingest' })
    await Promise.all([old.start(), ledger.start()])
    const moved = createReadingStore(config, { events: ledger.deviceEvents, now: Date.now })
    try {
      const device = { id: 'meter-3', kind: 'electricity' }
      const to = Date.now() + 1_000
      const query = {
        deviceId: device.id,
        kind: device.kind,
        metric: 'residual_current',
        from: to - 4 * 86_400_000,
        to,
      }
      const [ours, theirs] = [await old.series({ ...query, points: 50 }), await moved.series({ ...query, points: 50 })]
      expect(theirs.map(({ t, count: n, min, max }) => [t, n, min, max])).toEqual(
        ours.map(({ t, count: n, min, max }) => [t, n, min, max]),
      )
      expect(await moved.events({ deviceId: 'gas-1', from: 0, to, limit: 10 })).toHaveLength(1)

      const same = await compareDevice({ source: old, target: moved, device, to })
      expect([same.readings > 200, same.days >= 4, same.differing]).toEqual([true, true, []])
      // One value of one reading is another.
      const [one] = await everything(old.export({ deviceId: device.id, kind: device.kind, from: 0, to }))
      const forged: StoredReading = { ...(one as StoredReading), values: { residual_current: 999 } }
      const source = {
        ...old,
        async *export(asked: Parameters<typeof old.export>[0]) {
          for await (const reading of old.export(asked)) yield reading.ts === forged.ts ? forged : reading
        },
      }
      const { differing } = await compareDevice({ source, target: moved, device, to })
      expect(differing).toMatchObject([{ deviceId: device.id, what: 'readings' }])
    } finally {
      await Promise.all([old.stop(), moved.stop(), ledger.stop()])
      copy.remove()
    }
  }

  it('broken off after every single page, each row arrives once', async () => {
    const newMove = () =>
      new LedgerMove({
        ...{ directory: data, url: database, personalKeyFile: null, now: Date.now, log: () => undefined },
        restate: (state) => state,
      })
    const rows = new Map<string, number>()
    let starts = 0
    for (let done = false; !done; starts += 1) {
      const move = newMove()
      try {
        expect(await move.start()).toBe(starts === 0 ? 'begins' : 'goes on')
        await move.prepare()
        await move.copy((table, count) => {
          rows.set(table, (rows.get(table) ?? 0) + count)
          throw new Error('broken off')
        })
        await move.copyContents()
        const { tables, contents, audit } = await move.verify(() => undefined)
        expect(tables.filter(({ same }) => !same)).toEqual([])
        expect(tables.filter(({ name, rows: there }) => there !== (rows.get(name) ?? 0))).toEqual([])
        expect([contents, audit.ok]).toEqual([[], true])
        done = true
      } catch (error) {
        if ((error as Error).message !== 'broken off') throw error
      } finally {
        await move.stop()
      }
    }
    expect(starts).toBeGreaterThan(15)
  }, 180_000)

  it('a cluster goes on where the hub stopped: alarms, people and readings are there, and nobody was silent meanwhile', async () => {
    const old = copyOf(data)
    // The hub stopped yesterday. (A device that is not heard for a day is silent by any rule.)
    const ledger = new DatabaseSync(join(old.path, 'ledger.db'))
    for (const { device_id, state } of ledger.prepare('select device_id, state from device_state').all() as {
      device_id: string
      state: string
    }[]) {
      const known = parseState(state)
      const aged = { ...known, heardAt: known.heardAt === null ? null : known.heardAt - 86_400_000 }
      ledger.prepare('update device_state set state = ? where device_id = ?').run(JSON.stringify(aged), device_id)
    }
    ledger.close()
    const moved = await migrateStore(environment({ ZHIAN_DATA_DIR: old.path }))
    expect(moved.code, moved.output).toBe(0)
    old.remove()

    const { ZHIAN_DATA_DIR: _, ...shared } = environment()
    const processes = await Promise.all(
      (['ingest', 'broker', 'dashboard'] as const).map((role) =>
        roleProcess({ name: role, role, environment: shared }),
      ),
    )
    const [, broker, dashboard] = processes
    if (broker === undefined || dashboard === undefined) throw new Error('a role is missing')
    try {
      const startedAt = Date.now()
      for (const one of processes) one.launch()
      for (const one of processes) await one.ready(120_000)
      const admin = await Api.signIn(dashboard.base, 'admin', ADMIN_PASSWORD)
      const open = async () => (await admin.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=100')).items
      const before = await open()
      expect(before.find(({ deviceId, kind }) => deviceId === 'gas-1' && kind === 'gas')?.ack?.reason).toBe('calling')
      const newest = Math.max(...before.map(({ seq }) => seq))

      const line = await connectTo(broker, 'meter-1', hub.tokens.get('meter-1') ?? '')
      await line.publishAsync('zhian/v1/meter-1/readings', JSON.stringify({ values: { residual_current: 900 } }), {
        qos: 1,
      })
      const raised = await until(
        'the cluster raises an alarm',
        async () => (await open()).find(({ deviceId, seq }) => deviceId === 'meter-1' && seq > newest),
        120_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${processes.map((one) => `--- ${one.name}\n${one.output()}`).join('\n')}`)
      })
      expect(raised.signal).toBe('residual_current')
      await line.endAsync()
      // From here on 150 s may pass before any of them is silent.
      const early = (await open()).filter(
        ({ category, raisedAt }) => category === 'offline' && raisedAt < startedAt + 120_000,
      )
      expect(early.map(({ deviceId }) => deviceId)).toEqual([])

      const history = await until('past and present are in one curve', async () => {
        const to = Date.now() + 1_000
        const { points } = await admin.ok<{ points: { t: number; count: number }[] }>(
          'GET',
          `/devices/meter-1/readings?metric=residual_current&from=${to - 4 * 86_400_000}&to=${to}&points=100`,
        )
        const samples = points.reduce((sum, point) => sum + point.count, 0)
        return samples > 299 ? samples : null
      })
      expect(history).toBeGreaterThan(299)
    } finally {
      for (const one of processes.toReversed()) await one.terminate()
    }
  }, 360_000)

  it('the old folder is as it was', () => {
    expect(sha256(readFileSync(join(data, 'ledger.db')))).toBe(ledgerBefore)
  })
})
