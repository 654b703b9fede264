// Opening a ledger that several processes share.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { MIGRATIONS } from '../../../records/migrations/all.ts'
import type { Migration } from '../../../records/migrations/migration.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import {
  ADMIN,
  collect,
  inertClusterLedger,
  newDatabase,
  newDirectory,
  startedClusterLedger,
  typedInto,
} from '../fixture.ts'
import { administer } from './server.ts'

const tomorrow: Migration = {
  number: MIGRATIONS.length + 1,
  name: 'of-tomorrow',
  async up(db) {
    await db.schema.createTable('tomorrow').addColumn('id', 'text').execute()
  },
}

const startProblem = (url: string): Promise<unknown> => {
  const ledger = inertClusterLedger(url)
  return ledger.start().then(
    () => ledger.stop(),
    (error: unknown) => error,
  )
}

/** The database is its user's, who may do nothing else on the server. */
async function ownedByNobodySpecial(url: string): Promise<string> {
  const server = inject('postgres')
  const owned = new URL(url)
  if (server === null) return url
  const role = `owner-${randomBytes(6).toString('hex')}`
  await administer(
    server,
    `create role "${role}" login`,
    `alter database "${owned.pathname.slice(1)}" owner to "${role}"`,
  )
  owned.username = role
  return owned.href
}

describe('opening', () => {
  it('of an empty database by seven processes at once makes one ledger', async () => {
    const url = await ownedByNobodySpecial(await newDatabase(undefined, { empty: true }))
    const seven = Array.from({ length: 7 }, () => inertClusterLedger(url))
    onTestFinished(async () => void (await Promise.all(seven.map((ledger) => ledger.stop()))))
    await Promise.all(seven.map((ledger) => ledger.start()))
    expect(await typedInto(url, 'select number from migration order by number')).toEqual(
      MIGRATIONS.map(({ number }) => ({ number })),
    )
    expect(new Set(await Promise.all(seven.map((ledger) => ledger.journal.incarnation()))).size).toBe(1)
    expect(await seven[0]?.rules.current()).toHaveLength(1)
    // One key for all: the hash of a token is the same wherever it is made.
    await seven[0]?.devices.create(ADMIN, { id: 'D1', kind: 'smoke', name: '烟感' })
    expect((await seven[6]?.devices.identity('D1'))?.tokenHash).toMatch(/^32:/)
  })

  it('by several at once migrates once, and a program from before is refused from then on', async () => {
    const url = await newDatabase()
    const migrations = [...MIGRATIONS, tomorrow]
    const said: string[] = []
    const log = (line: string): void => void said.push(line)
    await Promise.all([1, 2, 3].map(() => startedClusterLedger(url, { migrations, log })))
    expect(said.filter((line) => line.includes('is migrated to'))).toHaveLength(1)
    expect(await startProblem(url)).toMatchObject({ name: 'LedgerUnusable', reason: 'newer' })
  })

  it('of somebody else’s database is refused, and nothing is made in it', async () => {
    const url = await newDatabase(undefined, { empty: true })
    await typedInto(url, 'create table theirs (id integer)')
    expect(await startProblem(url)).toMatchObject({ name: 'LedgerUnusable', reason: 'damaged' })
    expect(await typedInto(url, `select tablename from pg_tables where schemaname = 'public'`)).toHaveLength(1)
  })

  it('says what is wrong with the address, without the password', async () => {
    const url = new URL(await newDatabase())
    const server = inject('postgres')
    if (server === null) return
    await administer(server, `create role poor login password 'secret'`)
    onTestFinished(() => administer(server, 'drop role poor'))
    const nobody = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => nobody.once('listening', resolve))
    const { port } = nobody.address() as AddressInfo
    await new Promise((resolve) => nobody.close(resolve))
    const changed = (change: Partial<URL>): string => Object.assign(new URL(url), change).href
    for (const [wrong, says] of [
      [changed({ port: String(port) }), /连不上数据库 127\.0\.0\.1:\d+.*cannot be reached: ECONNREFUSED/],
      [changed({ pathname: '/no-such' }), /没有数据库.*There is no database 127\.0\.0\.1:\d+\/no-such/],
      [changed({ username: 'nobody', password: 'secret' }), /拒绝了用户名或密码.*refused the user name or password/],
      [changed({ username: 'poor', password: 'secret' }), /不允许这个用户.*does not let this user/],
    ] as const) {
      const problem = await startProblem(wrong)
      expect(problem).toMatchObject({ name: 'LedgerUnusable', message: expect.stringMatching(says) as string })
      expect(String(problem)).not.toContain('secret')
    }
    for (const none of ['', 'localhost:5432/zhian', 'mysql://root@localhost/zhian'])
      expect(() => inertClusterLedger(none)).toThrow(/不是 PostgreSQL 地址.*no address of a PostgreSQL/)
  })

  it('compares texts byte by byte, whatever the locale of the database', async () => {
    const server = inject('postgres')
    if (server === null) return
    const name = `locale-${randomBytes(6).toString('hex')}`
    await administer(
      server,
      `create database "${name}" template template0 encoding 'UTF8' locale_provider icu icu_locale 'zh-CN' locale 'C'`,
    )
    onTestFinished(() => administer(server, `drop database "${name}" with (force)`))
    const url = new URL(server.url)
    url.pathname = `/${name}`
    const ledger = await startedClusterLedger(url.href)
    const ids = ['b', 'A', 'a', 'B', '_', '-', '1']
    for (const id of ids) await ledger.devices.create(ADMIN, { id, kind: 'smoke', name: id })
    const { items } = await ledger.devices.list(EVERYTHING, { limit: 10 })
    expect(items.map(({ id }) => id)).toEqual(ids.toSorted())
    expect((await collect(ledger.devices.identities())).map(({ id }) => id)).toEqual(ids.toSorted())
  })

  it('keeps what a text of PostgreSQL cannot hold as a mark in its place', async () => {
    const ledger = await startedClusterLedger(await newDatabase())
    await ledger.devices.create(ADMIN, { id: 'D1', kind: 'smoke', name: '烟感' })
    const rejection = {
      deviceId: 'D1',
      at: Date.now(),
      reason: 'not_json',
      topic: 't',
      detail: '',
      sample: 'a\0b',
    } as const
    await ledger.rejections.add([rejection])
    const { items } = await ledger.rejections.list(EVERYTHING, 'D1', { limit: 1 })
    expect(items[0]?.sample).toBe('a\u{FFFD}b')
  })

  it('of a copy, a dump put back or a server of another history is of another ledger, and says so', async () => {
    const url = new URL(await newDatabase())
    const before = await startedClusterLedger(url.href)
    const incarnation = await before.journal.incarnation()
    await before.stop()
    const again = await startedClusterLedger(url.href)
    expect(await again.journal.incarnation()).toBe(incarnation)
    await again.stop()
    const server = inject('postgres')
    if (server === null) return
    const name = `copy-${randomBytes(6).toString('hex')}`
    await administer(server, `create database "${name}" template "${url.pathname.slice(1)}"`)
    onTestFinished(() => administer(server, `drop database "${name}" with (force)`))
    url.pathname = `/${name}`
    const [copy, other] = await Promise.all([startedClusterLedger(url.href), startedClusterLedger(url.href)])
    expect(await copy.journal.incarnation()).not.toBe(incarnation)
    expect(await copy.journal.incarnation()).toBe(await other.journal.incarnation())
    expect((await copy.audit.list({ limit: 10 })).items.map(({ action }) => action)).toEqual(['ledger.restored'])
    expect(await copy.audit.verify()).toMatchObject({ ok: true })
  })

  it('leaves copies to the tools of PostgreSQL, and says which', async () => {
    const ledger = await startedClusterLedger(await newDatabase())
    await expect(ledger.backupTo('/nowhere')).rejects.toThrow(/pg_dump/)
  })
})

describe('the key of personal values', () => {
  const keyFile = (): string => {
    const file = join(newDirectory(), 'personal.key')
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`)
    return file
  }

  it('is agreed on by the first process, before anything is sealed with it, and is never made', async () => {
    const url = await newDatabase()
    const [ours, another] = [keyFile(), keyFile()]
    const missing = join(newDirectory(), 'personal.key')
    await expect(inertClusterLedger(url, { personalKeyFile: missing }).start()).rejects.toThrow(
      /找不到个人信息密钥文件.*is missing. Make one, once/,
    )
    await startedClusterLedger(url, { personalKeyFile: ours })
    await startedClusterLedger(url, { personalKeyFile: ours })
    await expect(inertClusterLedger(url, { personalKeyFile: another }).start()).rejects.toMatchObject({
      reason: 'no_key',
    })
  })

  it('is not needed by who neither seals nor opens', async () => {
    const url = await newDatabase()
    const dashboard = await startedClusterLedger(url, { personalKeyFile: keyFile() })
    const worker = await startedClusterLedger(url)
    const site = await dashboard.places.createSite(ADMIN, { name: '槐荫 12 号', area: '示范县' })
    const room = await dashboard.rooms.create(ADMIN, site.id, { building: '', floor: 2, name: '205' })
    const tenant = { name: '租客甲', phone: '13800000012', people: 1 }
    const lease = { tenant, from: '2026-11-01', until: null, landlord: null }
    await expect(worker.leases.moveIn(ADMIN, room.id, lease)).rejects.toThrow(/nothing can be sealed/)
    expect((await dashboard.leases.moveIn(ADMIN, room.id, lease)).tenant).toBeDefined()
    expect((await worker.places.site(EVERYTHING, site.id))?.name).toBe(site.name)
  })
})
