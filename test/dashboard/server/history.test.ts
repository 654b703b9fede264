// Alarm history: filters and orders against a naive model, the scope, and the exported file read back.
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { CATEGORIES } from '../../../contract/rules.ts'
import type { JournalEntry } from '../../../records/ledger.ts'
import { T0 } from '../../records/entries.ts'
import { World } from './world.ts'

const HOSTILE = [
  '=HYPERLINK("http://x","y")',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '  =1',
  '＝1+1',
  'a "quoted", name',
  'two\r\nlines',
  ' blank before',
  '正常名称',
]
const MINUTE = 60_000

/** Every alarm differs from its neighbours in something that a filter or an order looks at. */
function entry(world: World, index: number): JournalEntry {
  const place = (['a', 'b', 'hub'] as const)[index % 3] as 'a' | 'b' | 'hub'
  const made = world.entry({ alarmId: `h-${String(index).padStart(3, '0')}`, place })
  const raisedAt = T0 + ((index * 37) % 50) * MINUTE
  const over = index % 4 !== 0
  const taken = index % 5 < 2
  const alarm: Omit<Alarm, 'seq'> = {
    ...made.transition.alarm,
    deviceName: HOSTILE[index % HOSTILE.length] as string,
    kind: index % 2 === 0 ? 'electricity' : 'gas',
    category: CATEGORIES[index % CATEGORIES.length] as Alarm['category'],
    priority: ((index % 4) + 1) as Alarm['priority'],
    raisedAt,
    condition: over ? 'normal' : 'active',
    clearedAt: over ? raisedAt + ((index * 13) % 29) * 1000 : null,
    closedAt: over ? raisedAt + 40_000 : null,
    ack: taken
      ? { by: { id: 'u', name: '=cmd()' }, at: raisedAt + ((index * 7) % 31) * 1000, reason: null, comment: null }
      : null,
    value: index % 6 === 0 ? -12.5 : null,
    verdict: ([null, 'false', 'real'] as const)[index % 3] ?? null,
  }
  return { ...made, transition: { ...made.transition, alarm } }
}

interface Listed {
  readonly items: Alarm[]
  readonly next: string | null
  readonly total: number
}

describe('alarm history', () => {
  let world: World
  let all: Alarm[]
  beforeAll(async () => {
    world = await World.start()
    const committed = await world.commit(...Array.from({ length: 240 }, (_, index) => entry(world, index)))
    all = committed.map(({ transition }) => transition.alarm)
  })
  afterAll(() => world.stop())

  /** The whole list in pages that do not divide it evenly. */
  async function listed(query: string, user = 'duty'): Promise<Alarm[]> {
    const as = await world.as(user)
    const items: Alarm[] = []
    let cursor = ''
    do {
      const { status, body } = await world.call<Listed>('GET', `/alarms?limit=17&${query}${cursor}`, { as })
      expect(status).toBe(200)
      items.push(...body.items)
      cursor = body.next === null ? '' : `&cursor=${encodeURIComponent(body.next)}`
      if (body.next === null) expect(body.total).toBe(items.length)
    } while (cursor !== '')
    return items
  }
  const idsOf = (alarms: readonly Alarm[]) => alarms.map(({ id }) => id)
  const newestFirst = (alarms: readonly Alarm[]) =>
    alarms.toSorted((a, b) => b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : -1))

  it('filters as a naive reading of every alarm does', async () => {
    const areaA = world.areaIds.a.at(-1) as string
    const cases: [query: string, keeps: (alarm: Alarm) => boolean][] = [
      ['', () => true],
      ['open=true', (alarm) => alarm.closedAt === null],
      ['open=false', (alarm) => alarm.closedAt !== null],
      ['priority=2', (alarm) => alarm.priority === 2],
      ['category=fire', (alarm) => alarm.category === 'fire'],
      ['kind=gas&priority=4', (alarm) => alarm.kind === 'gas' && alarm.priority === 4],
      [`siteId=${world.sites.b}`, (alarm) => alarm.siteId === world.sites.b],
      [`areaId=${areaA}`, (alarm) => alarm.siteId === world.sites.a],
      [`areaId=${world.areaIds.a[0]}`, (alarm) => alarm.siteId !== null],
      ['verdict=false', (alarm) => alarm.verdict === 'false'],
      ['verdict=none&category=gas', (alarm) => alarm.verdict === null && alarm.category === 'gas'],
      ['areaId=nowhere', () => false],
      ['deviceId=DEV-A&open=true', (alarm) => alarm.deviceId === 'DEV-A' && alarm.closedAt === null],
      [
        `from=${T0 + 10 * MINUTE}&to=${T0 + 20 * MINUTE}`,
        (alarm) => alarm.raisedAt >= T0 + 10 * MINUTE && alarm.raisedAt < T0 + 20 * MINUTE,
      ],
      [`q=${encodeURIComponent('hyperlink 剩余')}`, (alarm) => alarm.deviceName.includes('HYPERLINK')],
      [`q=${encodeURIComponent('100%_')}`, () => false],
      ['q=residual+dev-b', (alarm) => alarm.deviceId === 'DEV-B'],
    ]
    for (const [query, keeps] of cases) {
      const expected = newestFirst(all.filter(keeps))
      expect([query, idsOf(await listed(query))]).toEqual([query, idsOf(expected)])
    }
  })

  it('orders as it says, across pages', async () => {
    const now = Date.now()
    const lasted = (alarm: Alarm) => (alarm.clearedAt ?? now) - alarm.raisedAt
    const waited = (alarm: Alarm) => (alarm.ack === null ? -1 : alarm.ack.at - alarm.raisedAt)
    const down = (a: string, b: string) => (a < b ? 1 : -1)
    const orders: Record<string, (a: Alarm, b: Alarm) => number> = {
      newest: (a, b) => b.raisedAt - a.raisedAt || down(a.id, b.id),
      oldest: (a, b) => a.raisedAt - b.raisedAt || down(b.id, a.id),
      priority: (a, b) => a.priority - b.priority || b.raisedAt - a.raisedAt || down(a.id, b.id),
      longest: (a, b) => lasted(b) - lasted(a) || down(a.id, b.id),
      slowest_ack: (a, b) => waited(b) - waited(a) || down(a.id, b.id),
    }
    for (const [sort, order] of Object.entries(orders)) {
      expect([sort, idsOf(await listed(`sort=${sort}`))]).toEqual([sort, idsOf(all.toSorted(order))])
      const some = all.filter((alarm) => alarm.category === 'gas')
      expect(idsOf(await listed(`sort=${sort}&category=gas`))).toEqual(idsOf(some.toSorted(order)))
    }
  })

  it('refuses a cursor of another order, and words it does not know', async () => {
    const as = await world.as('duty')
    const { body } = await world.call<Listed>('GET', '/alarms?limit=5&sort=longest', { as })
    const other = await world.call('GET', `/alarms?sort=newest&cursor=${body.next}`, { as })
    expect([other.status, other.body]).toMatchObject([400, { error: { code: 'invalid' } }])
    for (const wrong of ['sort=best', 'category=meteor', 'priority=5', 'verdict=perhaps', `q=${'x'.repeat(101)}`])
      expect((await world.call('GET', `/alarms?${wrong}`, { as })).status).toBe(400)
  })

  /** Head and rows of an exported file. */
  async function exported(query: string, user: string): Promise<{ head: string[]; rows: string[][] }> {
    const answer = await world.call<string>('GET', `/alarms/export?${query}`, { as: await world.as(user) })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="zhian-alarms-\d{8}-\d{6}\.csv"$/)
    const [head = [], ...rows] = parse(answer.body, { bom: true }) as string[][]
    return { head, rows }
  }

  it('exports what the list shows, and reads back', async () => {
    const { head, rows } = await exported('priority=1', 'duty')
    const column = (name: string) => head.findIndex((text) => text.endsWith(name))
    for (const text of head) expect(text).toMatch(/^\p{Script=Han}[^ ]* [A-Z]/u)
    const expected = newestFirst(all.filter((alarm) => alarm.priority === 1))
    expect(rows.map((row) => row[column('Alarm id')])).toEqual(idsOf(expected))
    const names = rows.map((row) => row[column('Device name')]?.replace(/^'/, ''))
    expect(names).toEqual(expected.map(({ deviceName }) => deviceName))
    expect(rows.map((row) => row[column('Value')])).toEqual(expected.map(({ value }) => value?.toString() ?? ''))
    expect(rows[0]?.[column('Raised at')]).toMatch(/^2026-11-\d\d \d\d:\d\d:\d\d$/)
  })

  it('marks the file as UTF-8 and leaves no text that a spreadsheet would calculate', async () => {
    const as = await world.as('duty')
    const response = await fetch(`${world.base}/api/v1/alarms/export`, { headers: { cookie: as } })
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const { head, rows } = await exported('', 'duty')
    const numbers = new Set(head.flatMap((text, at) => (/Value|Limit/.test(text) ? [at] : [])))
    expect(rows).toHaveLength(all.length)
    const live = rows.flatMap((row) => row.filter((cell, at) => !numbers.has(at) && /^\s*[=+\-@＝]/.test(cell)))
    expect(live).toEqual([])
    const kept = new Set(rows.flat())
    for (const name of HOSTILE) expect(kept.has(name) || kept.has(`'${name}`)).toBe(true)
    expect(kept.has('正常名称')).toBe(true)
  })

  it('G9: an export holds the caller’s scope and not more, whatever is asked for', async () => {
    const idsFor = async (user: string, query = '') => {
      const { head, rows } = await exported(query, user)
      return rows.map((row) => row[head.findIndex((text) => text.endsWith('Alarm id'))])
    }
    const at = (siteId: string) => idsOf(newestFirst(all.filter((alarm) => alarm.siteId === siteId)))
    expect(await idsFor('manager')).toEqual(at(world.sites.a))
    expect(await idsFor('warden')).toEqual(at(world.sites.b))
    expect(await idsFor('manager', `siteId=${world.sites.b}`)).toEqual([])
    expect(await idsFor('manager', `areaId=${world.areaIds.b[0]}`)).toEqual(at(world.sites.a))
    expect(idsOf(await listed(`areaId=${world.areaIds.b[0]}`, 'warden'))).toEqual(at(world.sites.b))
    expect(await listed('q=dev-b', 'manager')).toEqual([])
  })

  it('G8: an export is in the audit trail with its filter, and a search without its words', async () => {
    await exported('priority=3&q=%E6%9D%8E%E5%9B%9B', 'manager')
    const { items } = await world.ledger.audit.list({ limit: 1 })
    expect(items[0]).toMatchObject({
      action: 'alarms.exported',
      subject: 'alarms',
      actorId: world.users['manager'],
      address: '127.0.0.1',
      fields: ['priority=3', 'q'],
    })
    expect(await world.ledger.audit.verify()).toMatchObject({ ok: true })
  })

  it('exports more than one page of alarms, each once', async () => {
    const more = Array.from({ length: 1_100 }, (_, index) => entry(world, 1_000 + index))
    await world.ledger.journal.append({ entries: more, states: [], checkpoint: null })
    const { head, rows } = await exported('', 'admin')
    const ids = rows.map((row) => row[head.findIndex((text) => text.endsWith('Alarm id'))])
    expect([ids.length, new Set(ids).size]).toEqual([1_340, 1_340])
  })
})
