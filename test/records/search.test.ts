import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SearchGroup } from '../../contract/http/search.ts'
import type { Ledger } from '../../records/ledger.ts'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import { pinyinText } from '../../records/pinyin.ts'
import { EVERYTHING } from '../../records/scope.ts'
import type { Scope } from '../../records/scope.ts'
import { entryOf } from './entries.ts'
import { ADMIN, newDirectory, startedLedger, typedByHand } from './fixture.ts'

const PLACES: readonly SearchGroup[] = ['areas', 'sites', 'devices', 'alarms']

async function found(ledger: Ledger, q: string, scope: Scope = EVERYTHING, groups = PLACES) {
  const result = await ledger.search.find(scope, q, 20, groups)
  return Object.fromEntries(
    groups.map((group) => {
      const { items, total } = result[group] ?? { items: [], total: -1 }
      if (items.length < 20) expect(total).toBe(items.length)
      return [group, items.map((item) => ('name' in item ? item.name : item.id))]
    }),
  )
}

async function county(directory = newDirectory()) {
  const ledger = await startedLedger(directory)
  const a = await ledger.places.createSite(ADMIN, { name: '槐荫12号', area: '示范县/青禾街道/槐荫社区' })
  const b = await ledger.places.createSite(ADMIN, { name: '单家商行', area: '示范县/乐清镇/解家村' })
  await ledger.devices.create(ADMIN, { id: 'Elec-001', kind: 'electricity', name: '总进线', siteId: a.id })
  await ledger.devices.create(ADMIN, { id: 'GAS-001', kind: 'gas', name: '厨房Ａ', siteId: b.id })
  await ledger.devices.create(ADMIN, { id: 'STORED', kind: 'smoke', name: '库房烟感' })
  const place = async (id: string) => (await ledger.devices.identity(id)) ?? { siteId: null, areaIds: [] }
  const entries = [
    entryOf({ alarmId: 'alarm-a', deviceId: 'Elec-001', ...(await place('Elec-001')) }),
    entryOf({ alarmId: 'alarm-b', deviceId: 'GAS-001', ...(await place('GAS-001')) }),
    entryOf({ alarmId: 'closed', deviceId: 'GAS-001', ...(await place('GAS-001')), closedAt: 1_795_000_000_001 }),
  ]
  await ledger.journal.append({ entries, states: [], checkpoint: null })
  return { ledger, a, b }
}

describe('search', () => {
  it('finds a name by its characters, its pinyin, its initials, from any syllable, and by both in one word', async () => {
    const { ledger } = await county()
    for (const q of [
      '青禾街道',
      '青禾',
      '街道',
      'qinghejiedao',
      'QingHe',
      'qing he',
      "qing'he",
      'qhjd',
      'ＱＨＪＤ',
      'jiedao',
      'jd',
    ])
      expect((await found(ledger, q))['areas'], q).toEqual(['青禾街道'])
    for (const q of ['青禾jd', '青禾JieDao', 'qh街道'])
      expect((await found(ledger, q))['areas'], q).toEqual(['青禾街道'])
    // Not from the middle of a syllable, and not what has only one of the two.
    for (const q of ['inghe', '青禾xz', 'hjq']) expect((await found(ledger, q))['areas'], q).toEqual([])
  })

  it('finds sites and devices by their place too, and a device by its id', async () => {
    const { ledger } = await county()
    expect(await found(ledger, 'qhjd')).toEqual({
      areas: ['青禾街道'],
      sites: ['槐荫12号'],
      devices: ['总进线'],
      alarms: ['alarm-a'],
    })
    for (const q of ['elec', 'LEC-0', 'hysq zjx', '槐荫12', 'hy12h', '１２号 总'])
      expect((await found(ledger, q))['devices'], q).toEqual(['总进线'])
    // What was written in full width is found in half width.
    expect((await found(ledger, '厨房a'))['devices']).toEqual(['厨房Ａ'])
    expect(await found(ledger, '100%')).toEqual({ areas: [], sites: [], devices: [], alarms: [] })
  })

  it('finds a name by each reading a person would try', async () => {
    const { ledger } = await county()
    for (const q of ['shanjia', 'danjia', 'sjsh', 'djsh'])
      expect((await found(ledger, q))['sites'], q).toEqual(['单家商行'])
    for (const q of ['yueqing', 'leqing', 'yqz', 'lqz'])
      expect((await found(ledger, q))['areas'], q).toEqual(['乐清镇'])
    for (const q of ['xiejiacun', 'jiejiacun']) expect((await found(ledger, q))['areas'], q).toEqual(['解家村'])
  })

  it('lists find by the same rules', async () => {
    const { ledger } = await county()
    for (const q of ['qhjd', '青禾jd', 'ＱＨＪＤ']) {
      expect(
        (await ledger.places.sites(EVERYTHING, { q, limit: 10 })).items.map(({ name }) => name),
        q,
      ).toEqual(['槐荫12号'])
      expect(
        (await ledger.devices.list(EVERYTHING, { q, limit: 10 })).items.map(({ id }) => id),
        q,
      ).toEqual(['Elec-001'])
    }
  })

  it('the name itself comes first, then what begins so, then what has it inside, then what only its place is found by', async () => {
    const { ledger } = await county()
    for (const name of ['大明月楼', '明月楼', '明月', '茶楼'])
      await ledger.places.createSite(ADMIN, { name, area: '示范县/明月街道' })
    expect((await found(ledger, '明月'))['sites']).toEqual(['明月', '明月楼', '大明月楼', '茶楼'])
    expect((await found(ledger, 'mingyue'))['sites']).toEqual(['明月', '明月楼', '茶楼', '大明月楼'])
  })

  it('what is renamed, moved or merged is found by its new name only', async () => {
    const { ledger, a } = await county()
    const street = (await ledger.places.areas(EVERYTHING)).find(({ name }) => name === '青禾街道')
    await ledger.places.updateArea(ADMIN, street?.id ?? '', { name: '桂花镇' })
    expect(await found(ledger, 'qhjd')).toMatchObject({ areas: [], sites: [], devices: [] })
    expect(await found(ledger, 'guihua')).toMatchObject({ areas: ['桂花镇'], sites: ['槐荫12号'], devices: ['总进线'] })
    await ledger.places.updateSite(ADMIN, a.id, { name: '竹海山庄' })
    await ledger.devices.update(ADMIN, 'Elec-001', { name: '二层回路' })
    expect((await found(ledger, 'zjx'))['devices']).toEqual([])
    expect((await found(ledger, 'zhsz echl'))['devices']).toEqual(['二层回路'])
  })

  it('finds rooms by their number and their house, within the scope', async () => {
    const { ledger, a, b } = await county()
    for (const site of [a, b]) await ledger.rooms.create(ADMIN, site.id, { building: 'A栋', floor: 2, name: '205' })
    const rooms = async (q: string, scope?: Scope) =>
      (await ledger.search.find(scope ?? EVERYTHING, q, 9, ['rooms'])).rooms
    const place = ['示范县', '青禾街道', '槐荫社区', '槐荫12号']
    for (const q of ['hysq 205', '青禾jd 205', '槐荫12 a栋'])
      expect(await rooms(q), q).toMatchObject({ total: 1, items: [{ name: '205', siteId: a.id, place }] })
    expect((await rooms('205'))?.total).toBe(2)
    expect(
      (await rooms('205', { all: false, siteIds: [b.id], areaIds: [] }))?.items.map(({ siteId }) => siteId),
    ).toEqual([b.id])
  })

  it('finds people by their names as they are now', async () => {
    const { ledger } = await county()
    const user = await ledger.users.create(ADMIN, {
      username: 'zeng',
      name: '曾小满',
      role: 'duty',
      passwordHash: 'x',
      mustChange: false,
    })
    const people = async (q: string) => (await found(ledger, q, EVERYTHING, ['users']))['users']
    for (const q of ['zengxiaoman', 'cxm', 'zxm', '曾', 'ZENG']) expect(await people(q), q).toEqual(['曾小满'])
    await ledger.users.update(ADMIN, user.id, { name: '沈青' })
    expect(await people('zxm')).toEqual([])
    expect(await people('shenqing')).toEqual(['沈青'])
  })

  it('G9: nothing outside the scope is found, counted, or told of by what an alarm’s device is called elsewhere', async () => {
    const { ledger, a, b } = await county()
    const ofA: Scope = { all: false, siteIds: [a.id], areaIds: [] }
    const ofB: Scope = { all: false, siteIds: [], areaIds: [b.areaId] }
    for (const q of ['示范', 'sf', 'sfx', '0', 'e']) {
      const [inA, inB] = [await found(ledger, q, ofA), await found(ledger, q, ofB)]
      expect([...(inA['sites'] ?? []), ...(inA['devices'] ?? []), ...(inA['alarms'] ?? [])], q).not.toContain(
        '单家商行',
      )
      expect(inA['devices'], q).not.toContain('厨房Ａ')
      expect(inB['devices'], q).not.toContain('总进线')
      expect(inB['alarms'], q).not.toContain('alarm-a')
    }
    expect(await found(ledger, '库房')).toMatchObject({ devices: ['库房烟感'] })
    expect(await found(ledger, '库房', ofA)).toMatchObject({ devices: [] })
    expect(await found(ledger, 'sf', { all: false, siteIds: [], areaIds: [] })).toEqual({
      areas: [],
      sites: [],
      devices: [],
      alarms: [],
    })
    // The device went to the other site and has a name there; its old alarm is still a's.
    await ledger.devices.update(ADMIN, 'Elec-001', { siteId: b.id, name: '保险柜' })
    for (const q of ['baoxiangui', '保险柜', 'sjsh']) expect((await found(ledger, q, ofA))['alarms'], q).toEqual([])
    expect((await found(ledger, 'qhjd', ofA))['alarms']).toEqual(['alarm-a'])
  })

  it('what was named before there was pinyin is found after the migration', async () => {
    const directory = newDirectory()
    const { ledger } = await county(directory)
    await ledger.users.create(ADMIN, {
      username: 'zeng',
      name: '曾小满',
      role: 'duty',
      passwordHash: 'x',
      mustChange: false,
    })
    await ledger.stop()
    const tables = ['area', 'site', 'device', 'app_user']
    const spelt = () =>
      Promise.all(tables.map((table) => typedByHand(directory, `select id, pinyin from ${table} order by id`)))
    const before = await spelt()
    // As version 10 left it: no pinyin, and only lower case.
    const { number } = MIGRATIONS.find(({ name }) => name === 'search') ?? { number: 0 }
    await typedByHand(
      directory,
      ...tables.map((table) => `alter table ${table} drop column pinyin`),
      `update device set search = lower(id || ' ' || name)`,
      `delete from migration where number >= ${number}`,
    )
    const again = await startedLedger(directory, { migrations: MIGRATIONS.slice(0, number) })
    expect((await found(again, '厨房a'))['devices']).toEqual(['厨房Ａ'])
    expect((await found(again, 'qhjd'))['sites']).toEqual(['槐荫12号'])
    await again.stop()
    expect(await spelt()).toEqual(before)
  })
})

describe('pinyin', () => {
  it('of a name holds no sign, no upper case, and only forms that begin at a syllable', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom('', '青禾', '重庆 Ａ栋'),
        (noise, name) => {
          const text = pinyinText([`${name}${noise}`])
          expect(text).toMatch(/^( [a-z0-9]+)*$/)
          expect(text.split(' ').length).toBeLessThan(6 * 24 + 2)
        },
      ),
    )
  })

  it('of a name without a Chinese character is nothing: its own letters find it', () => {
    expect(pinyinText(['Site 12', '', '——'])).toBe('')
  })
})
