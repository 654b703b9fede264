// Pages of the register in a county of 2,000 sites and 10,000 devices, against the same in a village: what is asked of the hub
// must cost what is answered, not how much there is.
import { buildPagesIfStale } from '../../hub/pages.ts'
import type { Api } from '../support/api.ts'
import { launchBrowser } from '../support/browser.ts'
import type { HubProcess } from '../support/hub-process.ts'
import type { Browser } from 'playwright-core'
import { signedIn } from './desk.ts'
import { withHub } from './hub.ts'
import { median } from './percentile.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const VILLAGE = { sites: 20, devices: 100 }
const COUNTY = { sites: 2_000, devices: 10_000 }
const TOWNS = [
  '青禾街道',
  '明月街道',
  '望山街道',
  '听泉街道',
  '柳岸镇',
  '石榴镇',
  '竹海镇',
  '白鹭镇',
  '稻香镇',
  '茶园镇',
]
/** A list page counts what matches besides showing fifty of them. */
const API_AT_MOST = 5
const PAGE_AT_MOST = 2

const QUESTIONS = {
  'a page of sites': '/sites?limit=50',
  'sites found by a word': `/sites?limit=50&q=${encodeURIComponent('青禾')}`,
  'a page of devices': '/devices?limit=50',
  'search by initials': '/search?q=qhjd',
} as const
type Question = keyof typeof QUESTIONS
const questions = Object.keys(QUESTIONS) as Question[]

interface Measured {
  /** Medians, ms. */
  readonly answers: Readonly<Record<Question, number>>
  readonly page: number
}

export async function benchPlaces({ quick }: BenchOptions): Promise<BenchRow[]> {
  buildPagesIfStale()
  const browser = await launchBrowser()
  try {
    const rounds = quick ? 5 : 50
    const small = await measured(browser, VILLAGE, rounds)
    const large = await measured(browser, quick ? { sites: 200, devices: 500 } : COUNTY, rounds)
    return [
      ...questions.flatMap((question) => [
        figure(`${question}, median`, large.answers[question], 'ms'),
        atMost('… of that in a village', large.answers[question] / small.answers[question], '×', API_AT_MOST),
      ]),
      figure('/sites opened → its rows are there, median', large.page, 'ms'),
      atMost('… of that in a village', large.page / small.page, '×', PAGE_AT_MOST),
    ]
  } finally {
    await browser.close()
  }
}

async function measured(browser: Browser, size: typeof VILLAGE, rounds: number): Promise<Measured> {
  return withHub(async (hub, api) => {
    await api.ok('POST', '/devices/import', county(size))
    const answers = {} as Record<Question, number>
    for (const question of questions) answers[question] = await answered(api, QUESTIONS[question], rounds)
    return { answers, page: await opened(browser, hub, Math.ceil(rounds / 5)) }
  })
}

/** One row a device, spread over sites, villages and towns. */
function county({ sites, devices }: typeof VILLAGE): string {
  const rows = Array.from({ length: devices }, (_, number) => {
    const site = number % sites
    const area = `示范县/${TOWNS[site % TOWNS.length]}/${site % 150} 村`
    return `meter-${number},electricity,总进线 ${number},${area},${site} 号`
  })
  return ['id,kind,name,area,site', ...rows].join('\n')
}

async function answered(api: Api, path: string, rounds: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    await api.ok('GET', path)
    times.push(performance.now() - startedAt)
  }
  return median(times)
}

async function opened(browser: Browser, hub: HubProcess, rounds: number): Promise<number> {
  const times: number[] = []
  const context = await signedIn(browser, hub)
  for (let round = 0; round < rounds + 1; round++) {
    const page = await context.newPage()
    const startedAt = performance.now()
    await page.goto(`${hub.base}/sites`)
    await page
      .getByText(/\d+ 号/)
      .first()
      .waitFor()
    times.push(performance.now() - startedAt)
    await page.close()
  }
  await context.close()
  // The first fills the browser's cache.
  return median(times.slice(1))
}
