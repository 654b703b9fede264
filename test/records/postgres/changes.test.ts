// Every administrative write leaves word of what it changed.
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import type { Command } from '../../../contract/http/commands.ts'
import type { Actor, DeviceChange, UserChange } from '../../../records/ledger.ts'
import { LedgerError } from '../../../records/errors.ts'
import type { ClusterLedger, LedgerChange } from '../../../records/ledger/cluster.ts'
import type { SiteChange } from '../../../records/ledger/places.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { secretHash } from '../../../records/secrets.ts'
import { ADMIN, newDatabase, RESIDUAL_CURRENT, startedClusterLedger, typedInto } from '../fixture.ts'
import { follow, wholeLedger } from './memory.ts'
import type { Memory } from './memory.ts'

const PAGE = { limit: 500 }
const NOW = Date.now()

/** Numbers of a step choose among what there is. */
interface Step {
  readonly act: string
  readonly a: number
  readonly b: number
}

const of = <T>(all: readonly T[], n: number): T => all[n % all.length] as T

class County {
  readonly ledger: ClusterLedger
  readonly memory: Memory
  /** What is in the cookies that were given out, and tokens. */
  readonly cookies: string[] = []
  readonly tokens: { readonly id: string; readonly userId: string; readonly secret: string }[] = []
  readonly commands: string[] = []

  constructor(ledger: ClusterLedger, memory: Memory) {
    this.ledger = ledger
    this.memory = memory
  }

  /** Refusals are as good as acts here. */
  async do({ act, a, b }: Step): Promise<void> {
    await ACTS[act]?.(this, a, b).catch((error: unknown) => {
      if (!(error instanceof LedgerError)) throw error
    })
  }

  name = (): string => `新 ${randomBytes(6).toString('hex')}`
  device = (n: number): string => `D-${n % 6}`
  site = async (n: number) => of((await this.ledger.places.sites(EVERYTHING, PAGE)).items, n).id
  area = async (n: number) => of(await this.ledger.places.areas(EVERYTHING), n).id
  user = async (n: number) => of((await this.ledger.users.list(PAGE)).items, n)
  /** Somebody who may sign in. */
  as = async (n: number): Promise<Actor> => {
    const { items } = await this.ledger.users.list(PAGE)
    const enabled = items.filter(({ disabled }) => !disabled)
    return { ...ADMIN, userId: of(enabled, n).id }
  }
  path = (n: number): string => of(['示范县/青禾镇', '示范县/青禾镇/槐荫村', '示范县/乐清镇', '邻县'], n)
}

type Act = (county: County, a: number, b: number) => Promise<unknown>

const ACTS: Readonly<Record<string, Act>> = {
  async register(county, a, b) {
    const siteId = b % 2 === 0 ? null : await county.site(b)
    await county.ledger.devices.create(ADMIN, { id: county.device(a), kind: 'smoke', name: county.name(), siteId })
  },
  async describe(county, a, b) {
    const change = of<DeviceChange>(
      [{ name: county.name() }, { lifecycle: 'retired' }, { attributes: { floor: String(b) } }],
      b,
    )
    await county.ledger.devices.update(ADMIN, county.device(a), change)
  },
  async moveDevice(county, a, b) {
    await county.ledger.devices.update(ADMIN, county.device(a), { siteId: await county.site(b) })
  },
  renewToken: (county, a) => county.ledger.devices.newToken(ADMIN, county.device(a)),
  removeDevice: (county, a) => county.ledger.devices.delete(ADMIN, county.device(a)),
  heard: (county, a, b) => county.ledger.devices.heard([county.device(a), county.device(b)]),
  importDevices: (county, a, b) =>
    county.ledger.devices.import(ADMIN, [
      {
        line: 2,
        id: county.device(a),
        kind: 'smoke',
        name: county.name(),
        area: county.path(b),
        site: `商行 ${b % 3}`,
      },
    ]),
  async install(county, a, b) {
    const asked = { id: county.device(a), kind: 'smoke' as const, name: county.name(), position: '厨房' }
    await county.ledger.installations.install(ADMIN, EVERYTHING, {
      ...asked,
      siteId: await county.site(b),
      installedAt: '2026-11-01',
    })
  },
  replace: (county, a) =>
    county.ledger.installations.replace(ADMIN, county.device(a), { serial: county.name(), installedAt: '2026-11-02' }),
  found: (county, _, b) => county.ledger.places.createSite(ADMIN, { name: county.name(), area: county.path(b) }),
  async describeSite(county, a, b) {
    const change = of<SiteChange>(
      [
        { name: county.name() },
        { area: county.path(b) },
        { regime: { name: 'stationed', since: null, until: null, basis: '巡查' } },
      ],
      b,
    )
    await county.ledger.places.updateSite(ADMIN, await county.site(a), change)
  },
  async removeSite(county, a) {
    await county.ledger.places.deleteSite(ADMIN, await county.site(a))
  },
  async renameArea(county, a) {
    await county.ledger.places.updateArea(ADMIN, await county.area(a), { name: county.name() })
  },
  async moveArea(county, a, b) {
    await county.ledger.places.updateArea(ADMIN, await county.area(a), { parentId: await county.area(b) })
  },
  async mergeArea(county, a, b) {
    await county.ledger.places.mergeArea(ADMIN, await county.area(a), await county.area(b))
  },
  changeRule: (county, a) =>
    county.ledger.rules.change(ADMIN, { ...RESIDUAL_CURRENT, title: { zh: `第 ${a} 稿`, en: `Draft ${a}` } }),
  async changeSetting(county, a, b) {
    const { version } = await county.ledger.settings.versioned(`test.${a % 3}`)
    const change = { version, value: b, action: 'test.changed', fields: [] }
    await county.ledger.settings.change(ADMIN, `test.${a % 3}`, change)
  },
  dropSetting: (county, a) => county.ledger.settings.delete(`test.${a % 3}`),
  hire: (county, a) =>
    county.ledger.users.create(ADMIN, {
      ...{ username: `user-${a % 5}`, name: county.name(), role: 'duty', passwordHash: 'x', mustChange: false },
    }),
  async changeUser(county, a, b) {
    const change = of<UserChange>(
      [{ name: county.name() }, { role: 'leader' }, { disabled: b % 2 === 0 }, { passwordHash: 'y' }],
      b,
    )
    await county.ledger.users.update(ADMIN, (await county.user(a)).id, change)
  },
  async dismiss(county, a, b) {
    const how = { successorId: null, end: of(['disable', 'delete'] as const, b) }
    await county.ledger.offBoard.carryOut(ADMIN, (await county.user(a)).id, how)
  },
  async signIn(county, a) {
    const cookie = await county.ledger.sessions.begin(await county.as(a), NOW + 3_600_000)
    county.cookies.push(cookie)
    county.memory.set(`session ${secretHash(cookie)}`, '')
  },
  async signOut(county, a, b) {
    if (county.cookies.length > 0) await county.ledger.sessions.end(await county.as(a), of(county.cookies, b))
  },
  async signOutEverywhere(county, a) {
    const actor = await county.as(a)
    await county.ledger.sessions.endAllOf(actor, actor.userId)
  },
  async makeToken(county, a) {
    const { userId } = await county.as(a)
    const made = await county.ledger.tokens.create({ ...ADMIN, userId }, { name: county.name(), expiresAt: null })
    county.tokens.push({ id: made.id, userId, secret: made.token })
    county.memory.set(`token ${made.id}`, '')
  },
  async revokeToken(county, a) {
    if (county.tokens.length === 0) return
    const { id, userId } = of(county.tokens, a)
    await county.ledger.tokens.revoke(ADMIN, userId, id)
  },
  async invite(county, a) {
    const { id } = await county.user(a)
    const code = await county.ledger.invitations.create(ADMIN, id, NOW + 3_600_000)
    await county.ledger.invitations.accept('127.0.0.1', code, 'z', NOW)
  },
  async command(county, a) {
    const id = county.name()
    await county.ledger.commands.add(ADMIN, commandOf(id, county.device(a), null))
    county.commands.push(id)
  },
  async commandEnds(county, a, b) {
    if (county.commands.length > 0)
      await county.ledger.commands.save(commandOf(of(county.commands, b), county.device(a), NOW))
  },
  upkeep: (county) => county.ledger.maintain(NOW),
}

function commandOf(id: string, deviceId: string, endedAt: number | null): Command {
  const unknown = {
    sentAt: null,
    deliveredAt: null,
    repliedAt: null,
    seenAt: null,
    result: null,
    error: null,
    effect: null,
  }
  const by = { id: ADMIN.userId, name: ADMIN.name }
  const state = endedAt === null ? 'requested' : 'expired'
  const ending = endedAt === null ? null : 'no_reply'
  return {
    id,
    deviceId,
    name: 'mute',
    args: {},
    state,
    requestedAt: NOW,
    endedAt,
    expires: NOW,
    by,
    reason: '',
    ending,
    ...unknown,
  }
}

const step = fc.record<Step>({ act: fc.constantFrom(...Object.keys(ACTS)), a: fc.nat(11), b: fc.nat(11) })

describe('the log of changes', () => {
  it('is all that a memory needs to be what the ledger is, whatever people do', async () => {
    const ledger = await startedClusterLedger(await newDatabase())
    await ledger.users.create(ADMIN, {
      ...{ username: 'admin', name: '管理员', role: 'admin', passwordHash: 'x', mustChange: false },
    })
    await ledger.places.createSite(ADMIN, { name: '槐荫12号', area: '示范县/青禾镇/槐荫村' })
    const done = new Set<string>()
    const tried = async (county: County, one: Step): Promise<void> => {
      const before = await ledger.changes.newest()
      await county.do(one)
      if ((await ledger.changes.newest()) > before) done.add(one.act)
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        let heard = await ledger.changes.newest()
        const county = new County(ledger, await wholeLedger(ledger))
        for (const one of steps) await tried(county, one)
        // In portions, as it comes.
        for (let more: LedgerChange[] = []; ;) {
          more = await ledger.changes.after(heard, 7)
          expect(more.map(({ seq }) => seq)).toEqual(more.map((_, i) => heard + 1 + i))
          for (const change of more) await follow(ledger, county.memory, change)
          heard += more.length
          if (more.length === 0) break
        }
        const known = [...county.memory.entries()].filter(([name]) => !/^(session|token) /.test(name))
        expect(new Map(known.toSorted())).toEqual(new Map([...(await wholeLedger(ledger))].toSorted()))
        for (const cookie of county.cookies) {
          const found = await ledger.sessions.find(cookie, NOW)
          expect([cookie, county.memory.has(`session ${secretHash(cookie)}`)]).toEqual([cookie, found !== null])
        }
        for (const { id, secret } of county.tokens)
          expect([id, county.memory.has(`token ${id}`)]).toEqual([id, (await ledger.tokens.find(secret, NOW)) !== null])
      }),
      { numRuns: 12 },
    )
    // Each act left word once; of what begins, nobody has to hear.
    const silent = ['signIn', 'makeToken', 'upkeep']
    const county = new County(ledger, new Map())
    for (const act of Object.keys(ACTS).filter((one) => !silent.includes(one)))
      for (let n = 0; n < 40 && !done.has(act); n++) {
        for (const first of ['found', 'register', 'hire', 'signIn', 'makeToken', 'command', 'changeSetting'])
          await county.do({ act: first, a: n, b: n })
        await tried(county, { act, a: n, b: n * 5 })
      }
    expect(Object.keys(ACTS).filter((act) => !done.has(act))).toEqual(silent)
  })

  it('keeps a day, and the newest whatever its age: numbers are never given again', async () => {
    const url = await newDatabase()
    const ledger = await startedClusterLedger(url)
    for (const word of ['a', 'b', 'c']) await ledger.settings.set('test.word', word)
    const newest = await ledger.changes.newest()
    await ledger.answers.add({ requestId: 'old', body: 'old' })
    await typedInto(
      url,
      `update ledger_change set at = at - 86400000 - 1000`,
      `update answer set at = at - 86400000 - 1000`,
    )
    await ledger.answers.add({ requestId: 'new', body: 'new' })
    await ledger.maintain(NOW)
    expect(await ledger.changes.after(0, 100)).toEqual([{ seq: newest, what: 'setting', id: 'test.word' }])
    expect([await ledger.answers.find('old'), await ledger.answers.find('new')]).toEqual([null, 'new'])
    await ledger.settings.set('test.word', 'd')
    expect(await ledger.changes.newest()).toBe(newest + 1)
  })

  it('has what is typed by hand as well, and nothing for a change that changes nothing', async () => {
    const url = await newDatabase()
    const ledger = await startedClusterLedger(url)
    await ledger.devices.create(ADMIN, { id: 'D1', kind: 'smoke', name: '烟感' })
    const before = await ledger.changes.newest()
    await typedInto(url, `update device set name = name`, `update device set lifecycle = 'retired' where id = 'D1'`)
    expect(await ledger.changes.after(before, 10)).toEqual([{ seq: before + 1, what: 'device', id: 'D1' }])
  })
})
