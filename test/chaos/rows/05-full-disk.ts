// The disk is full for a minute: on a file system of its own, small, filled to the last byte.
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { atMost, exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import type { HubFigures } from '../../../contract/http/hub-figures.ts'
import { until } from '../../support/hub-process.ts'
import { NotPossible, requireRoot, sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { describeLoad, onStage } from '../stage.ts'
import type { Stage } from '../stage.ts'

const DISK_MB = 512
const ALARMS = 10
const PUBACKS_STOP_MS = 1_000
const BANNER_MS = 5_000
/** How long an alarm may take to a screen while the disk is full: longer is not shown. */
const SHOWN_MS = 5_000
const RECOVERS_MS = 10_000

export const fullDisk: ChaosRow = {
  number: 5,
  fault: 'disk full for 60 s',
  mustHold:
    'PUBACKs stop ≤ 1 s, banner ≤ 5 s, alarms journalled and shown, without the ballast provisionally; back ≤ 10 s, no ban',
  async run(options) {
    const seconds = sized(options, { quick: 15, usual: 60 })
    const disk = mountSmallDisk()
    const stageOptions = {
      rate: sized(options, { quick: 1_000, usual: 3_000 }),
      alarmsPerSecond: 50,
      detectors: 2 * ALARMS,
      dataDirectory: join(disk.path, 'data'),
    }
    try {
      return await onStage(stageOptions, async (stage) => {
        const whileFull = await fill(stage, disk.path, seconds, options.say)
        const { figures } = await stage.account()
        return {
          size: `a tmpfs of ${DISK_MB} MB full for ${seconds} s, ${2 * ALARMS} gas alarms meanwhile, at ${describeLoad(stageOptions)}`,
          figures: [...whileFull, ...figures],
        }
      })
    } finally {
      disk.unmount()
    }
  },
}

async function fill(stage: Stage, path: string, seconds: number, say: (text: string) => void): Promise<BenchRow[]> {
  const ballast = join(stage.dataDirectory, 'ballast')
  say('waiting for the ballast')
  await until('the ballast is laid', () => existsSync(ballast), 60_000)
  const bannerAt = watchBanner(stage)
  const filler = join(path, 'filler')
  const filled = fillUp(filler)
  const fullAt = performance.now()
  say(`full after ${Math.round(filled)} MiB`)
  const lastPubackAt = await lastPuback(stage, 5_000)
  const shown = await raiseWhileFull(stage)
  // Whoever fills the disk takes the ballast too.
  say('the ballast is eaten up')
  const greed = setInterval(() => fillUp(filler), 100)
  fillUp(filler)
  const provisional = await raiseWhileFull(stage)
  clearInterval(greed)
  await delay(Math.max(0, seconds * 1_000 - (performance.now() - fullAt)))
  const acknowledgedWhileFull = stage.gas.filter(({ acknowledged }) => acknowledged).length
  rmSync(filler)
  const freedAt = performance.now()
  say('room again')
  await stage.flows(1, 120_000)
  const recoveredMs = performance.now() - freedAt
  await until('the gas alarms are acknowledged', () => stage.gas.every(({ acknowledged }) => acknowledged), 120_000)
  const { refused } = await stage.api.ok<HubFigures>('GET', '/counters')
  return [
    atMost('last PUBACK after the disk was full', Math.max(0, lastPubackAt - fullAt), 'ms', PUBACKS_STOP_MS),
    atMost('screens told that nothing is stored', (await bannerAt()) - fullAt, 'ms', BANNER_MS),
    exactly('alarms journalled and shown while it was full', shown.count, '', ALARMS),
    figure('the slowest of them', shown.slowestMs, 'ms'),
    exactly('alarms shown when the ballast was gone too', provisional.count, '', ALARMS),
    exactly('alarms acknowledged although their reading has no room', acknowledgedWhileFull, '', 0),
    atMost('acknowledges again after there was room', recoveredMs, 'ms', RECOVERS_MS),
    exactly('logins slowed as flapping', refused['flapping'] ?? 0, '', 0),
    figure('connections ended because a message could not be stored', refused['not_stored'] ?? 0, ''),
  ]
}

/** Gas alarms now; how many of them a screen shows within some seconds. */
async function raiseWhileFull(stage: Stage): Promise<{ count: number; slowestMs: number }> {
  const started = performance.now()
  const waiting = new Set(Array.from({ length: ALARMS }, () => stage.alarm().id))
  const at: number[] = []
  const [screen] = stage.screens
  screen?.socket.on('alarm', ({ type, alarm }) => {
    if (type === 'raised' && waiting.delete(alarm.deviceId)) at.push(performance.now() - started)
  })
  while (waiting.size > 0 && performance.now() - started < SHOWN_MS) await delay(50)
  return { count: at.length, slowestMs: Math.max(0, ...at) }
}

/** Answers when a screen heard that nothing is stored; Infinity if it never did. */
function watchBanner(stage: Stage): () => Promise<number> {
  const heard = Promise.withResolvers<number>()
  for (const screen of stage.screens)
    screen.socket.on('heartbeat', ({ storing }) => {
      if (!storing) heard.resolve(performance.now())
    })
  return () => Promise.race([heard.promise, Promise.resolve(Infinity)])
}

/** Watches for so long, and answers when the last PUBACK was seen. */
async function lastPuback(stage: Stage, forMs: number): Promise<number> {
  let last = { count: await stage.acknowledged(), at: performance.now() }
  for (const end = performance.now() + forMs; performance.now() < end;) {
    await delay(20)
    const count = await stage.acknowledged()
    if (count > last.count) last = { count, at: performance.now() }
  }
  return last.at
}

/** Appends until not one byte fits any more; answers how many MiB that took. */
function fillUp(path: string): number {
  const file = openSync(path, 'a')
  let written = 0
  try {
    for (let size = 2 ** 20; size >= 1;) {
      try {
        written += writeSync(file, Buffer.alloc(size, 1))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        size = size > 1 ? size >> 4 || 1 : 0
      }
    }
  } finally {
    closeSync(file)
  }
  return written / 2 ** 20
}

function mountSmallDisk(): { readonly path: string; unmount(): void } {
  requireRoot('a file system of its own')
  const path = mkdtempSync(join(tmpdir(), 'zhian-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', path], { stdio: 'pipe' })
  } catch (error) {
    rmdirSync(path)
    throw new NotPossible(`no tmpfs can be mounted: ${(error as Error).message.trim()}`)
  }
  return {
    path,
    unmount() {
      execFileSync('umount', ['-l', path])
      rmdirSync(path)
    },
  }
}
