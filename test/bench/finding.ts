// What the ledger answers people with while a county of full size is in it: the search everywhere and the wall's figures, each
// as a multiple of a plain page of the same rows in the same run.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SearchGroup } from '../../contract/http/search.ts'
import type { Actor, ImportRow, JournalEntry, Ledger } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'
import { entryOf } from '../records/entries.ts'
import { percentile } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const SITES = 2_000
const DEVICES = 10_000
const ROOMS = 6_000
const OPEN_ALARMS = 2_000
const CLOSED_ALARMS = 100_000
const ROUNDS = 40
const HOUR = 3_600_000
const BENCH: Actor = { userId: 'bench', name: 'bench', address: 'bench' }
const GROUPS: readonly SearchGroup[] = ['alarms', 'areas', 'sites', 'rooms', 'devices', 'users']
/** Initials, pinyin from the middle, characters, both in one, an id, two words, and what is nowhere. */
const WORDS = ['qhjd', 'huayin', '青禾', '青禾jd', 'dev-00042', '12号 zjx', 'zzzz']
const TOWNS = ['青禾街道', '明月街道', '柳岸镇', '石榴镇', '竹海镇', '白鹭镇', '桂花镇', '松风乡']

export async function benchSearch({ quick }: BenchOptions): Promise<BenchRow[]> {
  return withCounty(quick ? 0.1 : 1, async (ledger) => {
    const search = await timed((round) => {
      const word = WORDS[round % WORDS.length] ?? ''
      return ledger.search.find(EVERYTHING, word, 6, GROUPS)
    })
    const page = await timed(() => ledger.devices.list(EVERYTHING, { limit: 50 }))
    return [
      figure('search everywhere, six groups with totals, p50', search.p50, 'ms'),
      figure('search everywhere, p99', search.p99, 'ms'),
      figure('a page of 50 devices with their number, p50', page.p50, 'ms'),
      atMost('search : page of devices, p50', search.p50 / page.p50, '×', 20),
      atMost('search : page of devices, p99', search.p99 / page.p99, '×', 20),
    ]
  })
}

export async function benchWall({ quick }: BenchOptions): Promise<BenchRow[]> {
  const now = Date.now()
  return withCounty(quick ? 0.1 : 1, async (ledger) => {
    await alarms(ledger, now, quick ? 0.1 : 1)
    const wall = await timed(() =>
      Promise.all([
        ledger.wall.towns(EVERYTHING),
        ledger.wall.devicesInAlarm(EVERYTHING),
        ledger.wall.raised(EVERYTHING, now),
        ledger.wall.ackTimes(EVERYTHING, now),
      ]),
    )
    const open = await timed(() => ledger.alarms.open(EVERYTHING))
    return [
      figure('the wall’s figures, p50', wall.p50, 'ms'),
      figure('the wall’s figures, p99', wall.p99, 'ms'),
      figure('the list of open alarms, p50', open.p50, 'ms'),
      atMost('wall : list of open alarms, p50', wall.p50 / open.p50, '×', 2),
    ]
  })
}

async function timed(work: (round: number) => Promise<unknown>): Promise<{ p50: number; p99: number }> {
  for (let warm = 0; warm < WORDS.length; warm += 1) await work(warm)
  const taken: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now()
    await work(round)
    taken.push(performance.now() - started)
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) }
}

async function withCounty(share: number, measure: (ledger: Ledger) => Promise<BenchRow[]>): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'zhian-finding-'))
  const ledger = createLedger({ directory, defaultRules: [], hashDeviceToken: (token) => token })
  try {
    await ledger.start()
    const sites = Math.round(SITES * share)
    const rows = Array.from({ length: Math.round(DEVICES * share) }, (_, i): ImportRow => ({
      line: i + 2,
      id: `DEV-${String(i).padStart(5, '0')}`,
      kind: 'electricity',
      name: `${i % 5} 层总进线`,
      area: `示范县/${TOWNS[(i % sites) % TOWNS.length]}/槐荫社区`,
      site: `槐荫 ${i % sites} 号出租房`,
    }))
    await ledger.devices.import(BENCH, rows)
    const ids = (await ledger.places.sites(EVERYTHING, { limit: sites })).items.map(({ id }) => id)
    const perSite = Math.round((ROOMS * share) / ids.length)
    for (const id of ids) {
      const rooms = Array.from({ length: perSite }, (_, i) => ({
        building: '',
        floor: 1 + (i >> 1),
        name: `${101 + i}`,
      }))
      await ledger.rooms.createMany(BENCH, id, rooms)
    }
    return await measure(ledger)
  } finally {
    await ledger.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Open ones, and years of closed ones behind them. */
async function alarms(ledger: Ledger, now: number, share: number): Promise<void> {
  const [open, closed] = [Math.round(OPEN_ALARMS * share), Math.round(CLOSED_ALARMS * share)]
  const place = (await ledger.devices.identity('DEV-00000')) ?? { siteId: null, areaIds: [] }
  for (let start = 0; start < open + closed; start += 500) {
    const entries = Array.from({ length: Math.min(500, open + closed - start) }, (_, i): JournalEntry => {
      const n = start + i
      const raisedAt = n < open ? now - (n * 24 * HOUR) / open : now - 24 * HOUR - n * 5 * 60_000
      const closedAt = n < open ? null : raisedAt + HOUR
      const deviceId = `DEV-${String(n % DEVICES).padStart(5, '0')}`
      const entry = entryOf({ alarmId: `a${n}`, deviceId, siteId: place.siteId, areaIds: place.areaIds, closedAt })
      const { alarm } = entry.transition
      return { ...entry, transition: { ...entry.transition, alarm: { ...alarm, raisedAt } } }
    })
    await ledger.journal.append({ entries, states: [], checkpoint: null })
  }
}
