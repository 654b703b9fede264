// What the browser's processes cost, by its own list of them. Linux: reads /proc.
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'

interface BrowserProcess {
  /** `browser`, `renderer`, `GPU` … */
  readonly type: string
  readonly id: number
  /** Since its start, s. */
  readonly cpuTime: number
}

async function processesOf(browser: Browser): Promise<readonly BrowserProcess[]> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo
}

/** CPU seconds of all of them since they started. */
export async function browserCpuSeconds(browser: Browser): Promise<number> {
  return (await processesOf(browser)).reduce((sum, { cpuTime }) => sum + cpuTime, 0)
}

/**
 * Private memory of the largest page, bytes, as the browser's task manager shows it: without what all its processes map
 * from the same files.
 */
export async function largestPageBytes(browser: Browser): Promise<number> {
  const pages = (await processesOf(browser)).filter(({ type }) => type === 'renderer')
  return Math.max(...pages.map(({ id }) => privateBytes(id)))
}

function privateBytes(pid: number): number {
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} tells no private memory`)
  return Number(kilobytes) * 1024
}
