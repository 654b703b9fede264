// A workbook of areas, sites, rooms and people: all or nothing, every error at its cell, the same again when it is sent again.
import fc from 'fast-check'
import readXlsxFile from 'read-excel-file/universal'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CellIssue, PlacesImport } from '../../../contract/http/places-import.ts'
import { PlaceSheets, letterOf } from '../../../dashboard/server/import/place-sheets.ts'
import { placeTemplate } from '../../../dashboard/server/import/place-template.ts'
import { readWorkbook } from '../../../dashboard/server/import/workbook.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { county, workbook, zipOf } from './workbooks.ts'
import type { Cells } from './workbooks.ts'
import { World } from './world.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
interface Refused {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: { readonly issues: CellIssue[] }
  }
}

let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(() => world.stop())

async function send<T = PlacesImport>(file: Buffer, preview = false, user = 'admin') {
  const response = await fetch(`${world.base}/api/v1/places/import?preview=${preview}`, {
    method: 'POST',
    headers: { cookie: await world.as(user), 'content-type': XLSX },
    body: new Uint8Array(file),
  })
  return { status: response.status, body: (await response.json()) as T }
}
const refusedAt = async (sheets: Readonly<Record<string, Cells>>) => {
  const { status, body } = await send<Refused>(await workbook(sheets))
  expect([status, body.error?.code]).toEqual([400, 'invalid'])
  return body.error.details.issues.map(({ sheet, row, column }) => `${sheet}!${column}${row}`)
}

const SMALL = {
  区域: [['区域*'], ['示范县/北山镇/石村']],
  场所: [
    [
      '场所',
      '区域',
      '类别',
      '风险等级',
      '监管状态',
      '监管起',
      '责任人',
      '责任人电话',
      '纬度',
      '经度',
      '用途',
      '联系人',
      '联系人电话',
    ],
    [
      '石村 1 号',
      '示范县/北山镇/石村',
      '居住出租房屋',
      '橙',
      null,
      null,
      '钱',
      '13800000021',
      29.1,
      119.2,
      '使用燃气；电动自行车充电',
      '李',
      '138 0000 0012',
    ],
    [
      '石材厂',
      '示范县/北山镇',
      'enterprise',
      1,
      '停产停业',
      new Date(Date.UTC(2026, 10, 1)),
      null,
      null,
      null,
      null,
      null,
      null,
      null,
    ],
  ],
  房间: [
    ['区域', '场所', '楼层', '房号', '面积'],
    ['示范县/北山镇/石村', '石村 1 号', 1, 101, 18.5],
    ['示范县/北山镇/石村', '石村 1 号', '2', '201', null],
  ],
  人员: [
    ['username', 'name', 'role', 'areas', 'sites'],
    ['shi.wang', '王网格', '网格员', '示范县/北山镇', null],
    ['shi.li', '李管理', 'manager', null, '示范县/北山镇/石村/石村 1 号'],
  ],
} satisfies Record<string, Cells>

describe('places from a workbook', () => {
  it('the template is what the import reads, and its example is right', async () => {
    const sheets = new PlaceSheets(await readWorkbook(await placeTemplate()))
    expect(sheets.issues).toEqual([])
    const { areas, sites, rooms, people } = sheets.plan
    expect([areas.length, sites.length, rooms.length, people.length]).toEqual([1, 1, 1, 1])
    const answer = await world.call('GET', '/places/template.xlsx', { as: await world.as('admin') })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, XLSX])
  })

  it('a preview counts and writes nothing; the import writes it; again it is all unchanged', async () => {
    const file = await workbook(SMALL)
    const expected = {
      areas: { created: 2, changed: 0, unchanged: 0 },
      sites: { created: 2, changed: 0, unchanged: 0 },
      rooms: { created: 2, changed: 0, unchanged: 0 },
      people: { created: 2, changed: 0, unchanged: 0 },
    }
    const audited = (await world.ledger.audit.list({ limit: 1 })).total
    const preview = await send(file, true)
    expect([preview.status, preview.body]).toEqual([200, { preview: true, counts: expected, invitations: [] }])
    expect((await world.ledger.places.sites(EVERYTHING, { limit: 1, q: '石' })).total).toBe(0)
    expect((await world.ledger.audit.list({ limit: 1 })).total).toBe(audited)

    const done = await send(file)
    expect(done.body.counts).toEqual(expected)
    expect(done.body.invitations.map(({ username }) => username)).toEqual(['shi.wang', 'shi.li'])
    const [house] = (await world.ledger.places.sites(EVERYTHING, { limit: 5, q: '石村 1 号' })).items
    expect(house).toMatchObject({
      category: 'rental_house',
      risk: 2,
      responsible: { name: '钱', phone: '13800000021' },
      coordinates: { lat: 29.1, lon: 119.2 },
      facilities: ['gas', 'ebike_charging'],
      contacts: [{ name: '李', phone: '138 0000 0012' }],
    })
    const [factory] = (await world.ledger.places.sites(EVERYTHING, { limit: 5, q: '石材厂' })).items
    expect(factory?.regime).toEqual({ name: 'suspended', since: '2026-11-01', until: null, basis: '' })
    const rooms = await world.ledger.rooms.list(EVERYTHING, house?.id ?? '', { limit: 10 })
    expect(rooms.items).toMatchObject([
      { floor: 1, name: '101', area: 18.5 },
      { floor: 2, name: '201', area: null },
    ])
    const manager = await world.ledger.users.byUsername('shi.li')
    expect(manager).toMatchObject({ role: 'manager', sites: [house?.id], passwordHash: null })
    // The link works once and sets the person's own password.
    const code = done.body.invitations.find(({ username }) => username === 'shi.li')?.code
    const accepted = await world.call('POST', '/invitation', { body: { code, password: 'moss-lantern-9-tide' } })
    expect(accepted.status).toBe(200)

    const again = await send(file)
    const unchanged = (n: number) => ({ created: 0, changed: 0, unchanged: n })
    expect(again.body).toEqual({
      preview: false,
      counts: { areas: unchanged(2), sites: unchanged(2), rooms: unchanged(2), people: unchanged(2) },
      invitations: [],
    })
  })

  it('changes what a row gives and leaves what it leaves empty', async () => {
    const header = ['区域', '场所', '风险等级', '监管状态', '监管依据']
    const changed = await send(await workbook({ 场所: [header, ['示范县/北山镇', '石材厂', '蓝', '正常', null]] }))
    expect(changed.body.counts.sites).toEqual({ created: 0, changed: 1, unchanged: 0 })
    const [factory] = (await world.ledger.places.sites(EVERYTHING, { limit: 5, q: '石材厂' })).items
    expect(factory).toMatchObject({ risk: 4, category: 'enterprise', regime: { name: 'normal' } })
    const { items } = await world.ledger.audit.list({ subject: `site:${factory?.id}`, limit: 1 })
    expect(items[0]).toMatchObject({ action: 'site.updated', fields: ['risk', 'regime'] })
  })

  it('tells every error at its cell, and imports nothing', async () => {
    const before = (await world.ledger.places.areas(EVERYTHING)).length
    expect(
      await refusedAt({
        区域: [['区域'], ['新县/a/b/c/d/e/f'], [''], ['新县//b'], ['新县/好']],
        场所: [
          ['区域', '场所', '类别', '风险等级', '责任人', '监管起', '纬度', '经度', '联系人电话', '谁'],
          ['新县/好', '', '工厂', '5', '钱', '2026-02-30', '91', '119', 'abc', 'x'],
          [null, '店', null, null, null, null, null, null, null, null],
        ],
        房间: [
          ['区域', '场所', '楼层', '房号'],
          ['新县/好', '店', 0, '101'],
        ],
        人员: [
          ['用户名', '姓名', '角色', '管辖区域'],
          ['Bad Name', '甲', '皇帝', '新县/好'],
          ['same', '乙', '网格员', '新县/好'],
          ['same', '丙', '网格员', '新县/好'],
        ],
        乱: [['x']],
      }),
    ).toEqual([
      '区域!A2',
      '区域!A4',
      '场所!J1',
      '场所!B2',
      '场所!C2',
      '场所!D2',
      '场所!F2',
      '场所!I2',
      '场所!G2',
      '场所!A3',
      '房间!C2',
      '人员!A2',
      '人员!C2',
      '乱!1',
      '场所!2',
      '场所!G2',
      '人员!A4',
    ])
    // What only the ledger can know stands at its cell too.
    expect(
      await refusedAt({
        房间: [
          ['场所', '区域', '楼层', '房号'],
          ['没有的店', '新县/好', 1, '101'],
        ],
        人员: [
          ['用户名', '姓名', '角色', '管辖区域', '管辖场所'],
          ['admin', '别人', '网格员', '示范县', null],
          ['new.one', '甲', '网格员', null, null],
          ['new.two', '乙', '网格员', '不存在', null],
          ['new.three', '丙', '出租房管理员', null, '示范县/不存在'],
        ],
      }),
    ).toEqual(['房间!A2', '人员!A2', '人员!D3', '人员!D4', '人员!E5'])
    expect(await refusedAt({ 场所: [['区域'], ['新县']] })).toEqual(['场所!1'])
    expect((await world.ledger.places.areas(EVERYTHING)).length).toBe(before)
    expect(await world.ledger.users.byUsername('new.one')).toBeNull()
  })

  it('refuses what is no workbook, what unpacks to too much, what reaches too far, and macros', async () => {
    const sound = await workbook(SMALL)
    const sheet = (xml: string) => ({ 'xl/worksheets/sheet1.xml': Buffer.from(xml) })
    for (const [why, file] of Object.entries({
      nothing: Buffer.from('hello'),
      cut: sound.subarray(0, sound.length / 2),
      bomb: zipOf({ 'xl/worksheets/sheet1.xml': Buffer.alloc(200 * 1024 * 1024, 32) }),
      liar: zipOf(sheet('<x/>'), { 'xl/worksheets/sheet1.xml': 9 }),
      far: zipOf(sheet('<c r="A1048576"/>')),
      wide: zipOf(sheet('<c r="XFD1"/>')),
      macros: zipOf({ 'xl/vbaProject.bin': Buffer.from('Sub') }),
      empty: zipOf({}),
    })) {
      const { status, body } = await send<Refused>(file, true)
      expect([why, status, body.error.code]).toEqual([why, 400, 'invalid'])
    }
    const large = await send<Refused>(Buffer.alloc(17 * 1024 * 1024), true)
    expect([large.status, large.body.error.code]).toEqual([413, 'too_large'])
  }, 60_000)

  it('a formula counts as what it last came to, and nothing is worked out', async () => {
    const file = await workbook({ 区域: [['区域'], ['=1+1']] })
    const [sheet] = await readWorkbook(file)
    expect(sheet?.rows[1]).toEqual(['=1+1'])
  })

  it('G9: only who may import does', async () => {
    const file = await workbook(SMALL)
    for (const user of ['duty', 'leader', 'town', 'auditor', 'manager'])
      expect([user, (await send(file, true, user)).status]).toEqual([user, 403])
  })

  // The writer keeps its shared strings in a plain object: what every object has it cannot write.
  const unwritable = new Set(Object.getOwnPropertyNames(Object.prototype))

  it('what is written is what is read, whatever it says', async () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((one) => /^[^\p{Cc}\p{Cs}\s_]+$/u.test(one) && !unwritable.has(one))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 8 }), async (rows) => {
        const file = await workbook({ 场所: [['区域', '场所'], ...rows] })
        const [sheet] = await readXlsxFile(new Uint8Array(file).buffer)
        expect(sheet?.data.slice(1).map((row) => row.map(String))).toEqual(rows)
      }),
      { numRuns: 30 },
    )
    expect([0, 25, 26, 51, 52, 701, 702].map(letterOf)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA'])
  })

  it('a county of 15 towns, 150 villages, 2,000 sites and 6,000 rooms is imported whole', async () => {
    const file = await workbook(county())
    const { status, body } = await send(file)
    expect(status).toBe(200)
    expect(body.counts).toMatchObject({
      areas: { created: 165 },
      sites: { created: 2_000 },
      rooms: { created: 6_000 },
      people: { created: 200 },
    })
    const { sites, total } = await world.ledger.places
      .sites(EVERYTHING, { limit: 1, q: '出租房' })
      .then(({ items, total: all }) => ({ sites: items, total: all }))
    expect([total, sites[0]?.category]).toEqual([2_000, 'rental_house'])
    expect((await send(file, true)).body.counts).toMatchObject({
      areas: { created: 0, unchanged: 150 },
      sites: { created: 0, changed: 0, unchanged: 2_000 },
      rooms: { created: 0, changed: 0, unchanged: 6_000 },
      people: { created: 0, unchanged: 200 },
    })
  }, 120_000)
})
