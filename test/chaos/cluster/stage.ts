// The scene that a cluster's faults happen in: a fleet behind the balancer, a screen at each dashboard and one behind the
// balancer; afterwards the account of who lost what.
import { setTimeout as delay } from 'node:timers/promises'
import { median, percentile } from '../../bench/percentile.ts'
import { atMost, exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { Api, Screen } from '../../support/api.ts'
import { startCluster } from '../../support/cluster.ts'
import type { Cluster, ClusterOptions } from '../../support/cluster.ts'
import { ADMIN_PASSWORD, until } from '../../support/hub-process.ts'
import { importDevices } from '../county.ts'
import { screenFigures } from '../reckoning.ts'
import { JournalReader, readStoredTimes } from './evidence.ts'
import { startFleet } from './fleet.ts'
import type { Fleet, RecordedSample } from './fleet.ts'
import { Officer } from './officer.ts'
import { judgeHistory, stepsOwed } from './owed.ts'
import type { HistoryFaults } from './owed.ts'
import { timeOutside } from './outages.ts'
import type { Outage } from './outages.ts'
import { METRICS, simplifyRule } from './schedule.ts'
import type { Cycle } from './schedule.ts'
import { judgeStore } from './stored.ts'
import type { StoreFaults } from './stored.ts'

export interface StageOptions extends ClusterOptions {
  readonly devices: number
  readonly intervalMs: number
  readonly cycle?: Cycle
}

const CYCLE: Cycle = { quiet: 4, loud: 2 }
const KIND = 'electricity'
/** Detectors whose alarms the officer takes, one after the other. */
const DETECTORS = 400
const PATIENCE_MS = 60_000
/** After the last PUBACK everything must be decided, and stored, within this, s. */
const CAUGHT_UP_S = 60
/** An alarm is on a screen so long after its PUBACK, s, not counting the time in which a database was away. */
const ALARM_WITHIN_S = 15

export const describeStage = ({ devices, intervalMs, cycle = CYCLE }: StageOptions): string => {
  const messages = devices / (intervalMs / 1_000)
  const alarms = messages / (cycle.quiet + cycle.loud)
  return `${devices.toLocaleString('en-US')} devices, ${Math.round(messages)} msg/s, ${Math.round(alarms)} alarms/s`
}

export class ClusterStage {
  readonly cluster: Cluster
  readonly fleet: Fleet
  readonly screens: readonly Screen[]
  readonly officer: Officer
  readonly #outages: Outage[] = []

  private constructor(parts: Pick<ClusterStage, 'cluster' | 'fleet' | 'screens' | 'officer'>) {
    this.cluster = parts.cluster
    this.fleet = parts.fleet
    this.screens = parts.screens
    this.officer = parts.officer
  }

  /** Starts everything; messages flow when it answers. */
  static async set(options: StageOptions): Promise<ClusterStage> {
    const { devices, intervalMs, cycle = CYCLE } = options
    const cluster = await startCluster(options)
    const screens: Screen[] = []
    let fleet: Fleet | null = null
    try {
      const api = await Api.signIn(cluster.base, 'admin', ADMIN_PASSWORD)
      await simplifyRule(api)
      const registered = await importDevices(api, [
        { prefix: 'meter', kind: KIND, count: devices },
        { prefix: 'gas', kind: 'gas', count: DETECTORS },
      ])
      for (const base of [...cluster.dashboards.map((one) => one.base), cluster.base])
        screens.push(new Screen(base, api.token))
      await until('the screens are live', () => screens.every(({ live }) => live), PATIENCE_MS)
      fleet = await startFleet({
        port: cluster.mqttPort,
        devices: registered.get('meter') ?? [],
        cycle,
        intervalMs,
      })
      const officer = new Officer(cluster, api, registered.get('gas') ?? [])
      officer.start()
      await fleet.allFlow()
      return new ClusterStage({ cluster, fleet, screens, officer })
    } catch (error) {
      for (const screen of screens) screen.close()
      await fleet?.end()
      const said = cluster.output()
      await cluster.dispose()
      throw new Error(`the stage could not be set\n${said.slice(-10_000)}`, { cause: error })
    }
  }

  /** While `broken` runs, nobody can be asked to decide: the time does not count against an alarm. */
  async outage(broken: () => Promise<void>): Promise<void> {
    const from = Date.now()
    try {
      await broken()
    } finally {
      this.#outages.push({ from, to: Date.now() })
    }
  }

  /** Ends the load, waits until everything is decided, stored and shown, and compares. `say` hears the first faults by name. */
  async account(say: (text: string) => void): Promise<BenchRow[]> {
    await this.officer.stop()
    const record = await this.fleet.rest()
    const { resent, connects, refused, unexpected, measured } = await this.fleet.progress()
    const rested = performance.now()
    const journal = new JournalReader(this.cluster.databaseUrl)
    const owed = new Map([...record].map(([id, samples]) => [id, stepsOwed(acknowledged(samples))]))
    const judge = async (): Promise<HistoryFaults> => {
      await journal.read()
      return judgeHistory(owed, journal.transitions)
    }
    const history = await settled(judge, ({ lost }) => lost.length === 0)
    const decidedAfter = performance.now() - rested
    const stored = await settled(
      () => this.#judgeStore(record),
      ({ missing }) => missing.length === 0,
    )
    const storedAfter = performance.now() - rested
    await this.#screensCatchUp()
    await journal.read()
    for (const screen of this.screens) screen.close()
    const delays = this.#delays(record, owed, journal)
    const without = [...record.values()].flat().filter((sample) => sample.acknowledgedAt === null).length
    const steps = [...owed.values()].flat().length
    for (const [sort, faults] of Object.entries({ ...history, ...stored }) as [string, (string | number)[]][])
      if (faults.length > 0) say(`${sort}: ${faults.slice(0, 5).join(', ')}`)
    return [
      figure('messages measured', measured, ''),
      figure('sent again', resent, ''),
      figure('connections made', connects, ''),
      figure('logins refused', refused, ''),
      exactly('messages without PUBACK at the end', without, '', 0),
      exactly('PUBACKs unasked', unexpected, '', 0),
      exactly('G1 acknowledged readings missing in the store', stored.missing.length, '', 0),
      exactly('G1 readings stored twice', stored.doubled.length, '', 0),
      exactly('readings stored and never sent', stored.invented.length, '', 0),
      figure('transitions owed', steps, ''),
      exactly('G1 transitions lost', history.lost.length, '', 0),
      exactly('G2 transitions twice', history.doubled.length, '', 0),
      exactly('false transitions', history.invented.length, '', 0),
      exactly('transitions of a device out of order', history.outOfOrder.length, '', 0),
      exactly('alarms mixed up', history.mixedUp.length, '', 0),
      exactly('G2 gaps in the sequence', history.gaps.length, '', 0),
      ...this.#screenFigures(journal),
      ...this.officer.figures(journal.transitions),
      figure('alarm, PUBACK → screen, median', median(delays) / 1_000, 's'),
      figure('alarm, PUBACK → screen, p99', percentile(delays, 0.99) / 1_000, 's'),
      atMost('alarm, PUBACK → screen, slowest', Math.max(0, ...delays) / 1_000, 's', ALARM_WITHIN_S),
      atMost('decided after the last PUBACK', decidedAfter / 1_000, 's', CAUGHT_UP_S),
      atMost('stored after the last PUBACK', storedAfter / 1_000, 's', CAUGHT_UP_S),
      exactly('processes that ended by themselves', this.#ownEnds(), '', 0),
    ]
  }

  async dispose(): Promise<void> {
    for (const screen of this.screens) screen.close()
    await this.officer.stop()
    await this.fleet.end()
    await this.cluster.dispose()
  }

  #screenFigures({ transitions }: JournalReader): BenchRow[] {
    const evidence = { transitions, readings: new Map<never, never>(), events: new Map<never, never>() }
    return screenFigures(this.screens, evidence).map((row) =>
      row.target === '' ? row : { ...row, name: `G3 ${row.name}` },
    )
  }

  #ownEnds(): number {
    return this.cluster.processes.reduce((sum, { ownEnds }) => sum + ownEnds, 0)
  }

  async #judgeStore(record: ReadonlyMap<string, readonly RecordedSample[]>): Promise<StoreFaults> {
    const times = (samples: readonly RecordedSample[]): number[] => samples.map(({ ts }) => ts)
    const sent = new Map([...record].map(([id, samples]) => [id, times(samples.filter((sample) => sample.sent > 0))]))
    const known = new Map([...record].map(([id, samples]) => [id, times(acknowledged(samples))]))
    const stored = await readStoredTimes(this.cluster.store.url, KIND, METRICS)
    return judgeStore(METRICS, known, sent, stored)
  }

  /** Between PUBACK and the first screen, ms, the time of outages left out, for each alarm that was heard of. */
  #delays(
    record: ReadonlyMap<string, readonly RecordedSample[]>,
    owed: ReadonlyMap<string, readonly unknown[]>,
    { transitions }: JournalReader,
  ): number[] {
    const acknowledgedAt = new Map<string, number>()
    for (const [id, samples] of record)
      for (const { ts, loud, acknowledgedAt: at } of samples)
        if (loud && at !== null) acknowledgedAt.set(`${id} ${ts}`, at)
    return transitions.flatMap(({ transition: { seq, type, sampleTs, alarm } }) => {
      if (type !== 'raised' || !owed.has(alarm.deviceId)) return []
      const from = acknowledgedAt.get(`${alarm.deviceId} ${sampleTs}`)
      const heard = Math.min(...this.screens.map(({ heardAt }) => heardAt.get(seq) ?? Infinity))
      return from === undefined || heard === Infinity ? [] : [timeOutside(this.#outages, from, heard)]
    })
  }

  async #screensCatchUp(): Promise<void> {
    const newcomers = this.cluster.dashboards.map(({ base }) => new Screen(base, this.officer.token, null))
    try {
      await until('new screens are live', () => newcomers.every(({ live }) => live), PATIENCE_MS)
      const head = Math.max(...newcomers.map(({ cursor }) => cursor ?? 0))
      const isThere = (screen: Screen): boolean => screen.live && (screen.cursor ?? 0) >= head
      await until('the screens have caught up', () => this.screens.every(isThere), PATIENCE_MS).catch(
        (error: unknown) => {
          const states = this.screens.map(({ live, cursor, socket }) => ({ live, cursor, connected: socket.connected }))
          throw new Error(`the head is ${head}, the screens ${JSON.stringify(states)}`, { cause: error })
        },
      )
    } finally {
      for (const newcomer of newcomers) newcomer.close()
    }
  }
}

const acknowledged = (samples: readonly RecordedSample[]): RecordedSample[] =>
  samples.filter(({ acknowledgedAt }) => acknowledgedAt !== null)

/** Asks until the answer is as it should be, or the limit is over: then it is as it is. */
async function settled<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean): Promise<T> {
  let answer = await ask()
  const good = async (): Promise<boolean> => {
    if (!isGood(answer)) {
      await delay(500)
      answer = await ask()
    }
    return isGood(answer)
  }
  await until('it is as it should be', good, CAUGHT_UP_S * 1_000).catch(() => undefined)
  return answer
}
