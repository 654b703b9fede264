// The move of a hub into a cluster, step by step.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseState } from '../../ingest/alarms/state.ts'
import { createDuckdbStore } from '../../ingest/readings/duckdb-store.ts'
import { compareDevice, moveDevice } from '../../ingest/readings/move.ts'
import type { DeviceComparison, DifferingDay, MoveMarks, ReadingMove } from '../../ingest/readings/move.ts'
import type { ReadingStore, RemoteStore } from '../../ingest/readings/port.ts'
import { LedgerMove } from '../../records/move.ts'
import type { SourceDevice } from '../../records/move.ts'
import type { Config } from '../config.ts'
import { createReadingStore } from '../reading-store.ts'
import { METRIC_COLUMNS } from '../rules.ts'
import { refuseUsedRedis } from './streams.ts'
import { MoveRefused } from './refused.ts'
import type { Telling } from './telling.ts'

export { MoveRefused }

export interface MoveOptions {
  /** Looks, and changes nothing. */
  readonly check: boolean
  readonly telling: Telling
}

/** Devices whose readings are on their way at once: their appends share the waits of the store. */
const AT_ONCE = 16
/** How far into the future a device's clock may have run, ms. */
const AHEAD_MS = 86_400_000
const SHOWN_DIFFERENCES = 20

/** Answers whether everything that arrived is what left. */
export async function moveHouse(config: Config, { check, telling }: MoveOptions): Promise<boolean> {
  const directory = config.ZHIAN_DATA_DIR
  const ledger = new LedgerMove({
    directory,
    // `readConfig` has seen to it.
    url: config.ZHIAN_DATABASE_URL ?? '',
    restate: withoutPosition,
    personalKeyFile: config.ZHIAN_PERSONAL_KEY_FILE ?? null,
    now: Date.now,
    log: (line) => telling.step(`  ${line}`),
  })
  const source = sourceReadings(directory)
  try {
    const begins = await ledger.start()
    await source?.start()
    if (source !== null) await refuseUndecided(ledger, source)
    await refuseUsedRedis(config.ZHIAN_REDIS_URL ?? '')
    const target = createReadingStore(config, { events: ledger.deviceEvents, now: Date.now })
    try {
      await target.start()
      await sayWhatMoves(ledger, begins, source !== null, telling)
      if (check) {
        telling.step('检查通过，什么都没有改动。All is fit for the move; nothing was changed.')
        return true
      }
      return await move(ledger, source, target, telling)
    } finally {
      await target.stop()
    }
  } finally {
    await source?.stop()
    await ledger.stop()
  }
}

async function move(
  ledger: LedgerMove,
  source: ReadingStore | null,
  target: RemoteStore,
  telling: Telling,
): Promise<boolean> {
  telling.step('搬台账 Moving the ledger…')
  await ledger.prepare()
  const rows = new Map<string, number>()
  await ledger.copy((table, count) => {
    rows.set(table, (rows.get(table) ?? 0) + count)
    telling.progress(`${table} ${rows.get(table)}`)
  })
  const contents = await ledger.copyContents()
  if (contents.missing > 0)
    telling.step(
      `  注意：有 ${contents.missing} 个文件在原目录里就缺失。Note: ${contents.missing} files were missing in the old folder already.`,
    )
  const devices = await ledger.devices()
  if (source !== null) await moveReadings(ledger, source, target, devices, telling)
  const whole =
    (await verifyLedger(ledger, telling)) && (await verifyReadings(ledger, source, target, devices, telling))
  if (!whole) {
    telling.refused(
      '核对不一致，见上。群集还不能打开这个账本；原数据没有动过。请换一个空库和空的时序库，从头再搬。',
      'The copy differs, see above. No cluster can open this ledger yet, and the old data is as it was. Move again, into an empty database and store.',
    )
    return false
  }
  await ledger.finish()
  sayWhatIsNext(telling)
  return true
}

// ---- readings ----------------------------------------------------------------------------------------------------------

/** null: this hub kept its readings elsewhere. */
function sourceReadings(directory: string): ReadingStore | null {
  const folder = join(directory, 'readings')
  return existsSync(folder) ? createDuckdbStore({ directory: folder, kinds: METRIC_COLUMNS }) : null
}

/**
 * A hub that was killed has readings that it acknowledged and has not decided to the end; it does that at its next start. In
 * the cluster nobody would: an alarm that was about to be raised would be forgotten.
 */
async function refuseUndecided(ledger: LedgerMove, source: ReadingStore): Promise<void> {
  const states = await ledger.states()
  const known = new Set((await ledger.devices()).map(({ id }) => id))
  const positions = new Map<string, number>()
  for await (const { deviceId, position } of source.after(await ledger.checkpoint())) {
    if (!known.has(deviceId)) continue
    const state = states.get(deviceId)
    const decided = positions.get(deviceId) ?? (state === undefined ? 0 : parseState(state).position)
    positions.set(deviceId, decided)
    if (position > decided)
      throw new MoveRefused(
        '这台平台不是正常停止的：还有收到的读数没有判定完。请把它再启动一次，等就绪后正常停止（SIGTERM），再搬。' +
          'This hub was not stopped in good order: readings that it took are not decided yet. Start it once more, stop it with SIGTERM when it is ready, then move.',
      )
  }
}

async function moveReadings(
  ledger: LedgerMove,
  source: ReadingStore,
  target: RemoteStore,
  devices: readonly SourceDevice[],
  telling: Telling,
): Promise<void> {
  telling.step('搬读数 Moving readings…')
  const { progress } = ledger
  const marks: MoveMarks = {
    reached: async (deviceId) => Math.max(0, await progress.reached('readings', deviceId)),
    reach: (deviceId, until) => progress.reach('readings', deviceId, until),
  }
  const to = await endOf(progress)
  let [done, readings, events] = [0, 0, 0]
  await eachOf(devices, async (device) => {
    const moved = await moveDevice({ source, target, device, to }, marks)
    done += 1
    readings += moved.readings
    events += moved.events
    telling.progress(`${done}/${devices.length} 台设备 devices · 读数 readings ${readings}`)
  })
  telling.step(`  读数 readings ${readings} · 事件 events ${events}`)
}

/** The same end for every call, or a device that was moved would have a little more to move each time. */
async function endOf(progress: LedgerMove['progress']): Promise<number> {
  const known = await progress.reached('readings', '')
  if (known > 0) return known
  const to = Date.now() + AHEAD_MS
  await progress.reach('readings', '', to)
  return to
}

async function verifyReadings(
  ledger: LedgerMove,
  source: ReadingStore | null,
  target: RemoteStore,
  devices: readonly SourceDevice[],
  telling: Telling,
): Promise<boolean> {
  if (source === null) return true
  telling.step('核对读数 Comparing readings, day by day…')
  const to = await ledger.progress.reached('readings', '')
  const found: DeviceComparison[] = []
  await eachOf(devices, async (device) => {
    const move: ReadingMove = { source, target, device, to }
    found.push(await compareDevice(move))
    telling.progress(`${found.length}/${devices.length} 台设备 devices`)
  })
  const sum = (of: (comparison: DeviceComparison) => number): number =>
    found.reduce((total, comparison) => total + of(comparison), 0)
  const differing = found.flatMap((comparison) => comparison.differing)
  telling.step(
    `  ${sum(({ days }) => days)} 个设备日 device days · 读数 readings ${sum(({ readings }) => readings)} · 事件 events ${sum(({ events }) => events)} · 不一致 differing ${differing.length}`,
  )
  for (const day of differing.slice(0, SHOWN_DIFFERENCES)) telling.refused(inWords(day))
  return differing.length === 0
}

const inWords = ({ deviceId, day, what, expected, found }: DifferingDay): string =>
  `  ${deviceId} ${new Date(day).toLocaleDateString('zh-CN', { timeZone: 'Asia/Shanghai' })} ${what}: ${expected} → ${found}`

// ---- the ledger --------------------------------------------------------------------------------------------------------

/** Streams of a cluster count from their own beginning. */
const withoutPosition = (state: string): string => JSON.stringify({ ...parseState(state), position: 0 })

async function verifyLedger(ledger: LedgerMove, telling: Telling): Promise<boolean> {
  telling.step('核对台账 Comparing the ledger, row by row…')
  const { tables, contents, audit } = await ledger.verify(({ name, rows, found, hash, same }) =>
    telling.step(
      `  ${name.padEnd(20)} ${String(rows).padStart(9)}  ${hash.slice(0, 16)}  ${same ? '一致 same' : `不一致 DIFFERS (${found})`}`,
    ),
  )
  telling.step(
    audit.ok
      ? `  审计链 audit chain ${audit.rows} · ${audit.head}`
      : `  审计链在第 ${audit.seq} 行断开 the audit chain breaks at row ${audit.seq} (${audit.reason})`,
  )
  for (const sha256 of contents.slice(0, SHOWN_DIFFERENCES))
    telling.refused(`  文件内容不一致 content differs: ${sha256}`)
  return tables.every(({ same }) => same) && contents.length === 0 && audit.ok
}

// ---- words -------------------------------------------------------------------------------------------------------------

async function sayWhatMoves(
  ledger: LedgerMove,
  begins: 'begins' | 'goes on',
  readings: boolean,
  telling: Telling,
): Promise<void> {
  const { device, alarm, transition, audit, app_user, file } = await ledger.counts()
  telling.step(
    `${begins === 'begins' ? '从头搬 Begins' : '接着上次搬 Goes on where it was'}: ` +
      `设备 devices ${device} · 报警 alarms ${alarm} · 变化 transitions ${transition} · 审计 audit ${audit} · 用户 users ${app_user} · 文件 files ${file}`,
  )
  if (!readings)
    telling.step(
      '  这台平台的读数不在本地库里：让群集用同一个时序库即可。The readings of this hub are in no store of its own: let the cluster use the same.',
    )
}

function sayWhatIsNext(telling: Telling): void {
  telling.step(
    [
      '搬完，全部核对一致。Moved, and everything is the same on both sides.',
      '  接下来 next:',
      '  1. 把原来的个人信息密钥（keys/personal.key）放到每台 dashboard，用 ZHIAN_PERSONAL_KEY_FILE 指明。',
      '     Put the personal key (keys/personal.key) on every dashboard and name it with ZHIAN_PERSONAL_KEY_FILE.',
      '  2. 启动群集，设备改连 HAProxy。Start the cluster; let the devices connect to HAProxy.',
      '  3. 不要再启动原来的平台：两边会各记各的。保留其目录作备份；超过原始保留天数的分钟、小时汇总只在那里。',
      '     Do not start the old hub again: each would keep its own books. Keep its folder as a copy; roll-ups of days whose readings were dropped are only there.',
    ].join('\n'),
  )
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const hands = Array.from({ length: AT_ONCE }, async () => {
    for (const item of left) await work(item)
  })
  await Promise.all(hands)
}
