// A county in trouble: more alarms in one batch than one transaction of the journal takes.
import { beforeEach, describe, expect, it } from 'vitest'
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import { JOURNAL_BATCH } from '../../records/ledger.ts'
import { until } from '../support/hub-process.ts'
import { MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'

const NOW = 1_795_000_000_000
const ALARMS = JOURNAL_BATCH * 2 + 7

/** Holds or fails its nth append. */
class PickyJournal extends MemoryJournal {
  appends = 0
  holdsFrom = Infinity
  fails = 0

  override append(batch: Parameters<MemoryJournal['append']>[0]): ReturnType<MemoryJournal['append']> {
    this.appends += 1
    if (this.appends === this.holdsFrom) this.gate.shut = true
    this.failOnce = this.appends === this.fails
    return super.append(batch)
  }
}

describe('pipeline: more alarms at once than one transaction takes', () => {
  let journal: PickyJournal
  let told: number[]
  let problems: (string | null)[]
  let pipeline: Pipeline

  beforeEach(async () => {
    journal = new PickyJournal()
    told = []
    problems = []
    const devices = new Devices((kind) =>
      kind === 'gas' ? defaultRulesFor('gas').map((rule) => ({ ...rule, kind: 'gas', version: 1 })) : [],
    )
    for (let nth = 0; nth < ALARMS; nth++) {
      const profile = { uid: `u${nth}`, deviceId: `d${nth}`, kind: 'gas', attributes: {}, gatewayId: null } as const
      devices.put(
        { ...profile, lifecycle: 'in_service', inServiceSince: null },
        { deviceName: `d${nth}`, siteId: null, areaIds: [], place: [] },
        NOW,
      )
    }
    pipeline = new Pipeline({
      clock: { now: () => NOW, wall: () => NOW },
      devices,
      readings: new MemoryReadings(),
      journal,
      listener: {
        transitions: (committed) => void told.push(...committed.map(({ transition }) => transition.seq)),
        stored: () => undefined,
        presence: () => undefined,
        rejected: () => undefined,
        inService: () => undefined,
        storing: (problem) => void problems.push(problem),
      },
    })
    await pipeline.start(0)
  })

  /** All in one turn of the event loop, and so in one batch; resolves with the number of refusals. */
  const raiseAll = async (): Promise<number> => {
    const messages = Array.from({ length: ALARMS }, (_, nth) => {
      const payload = Buffer.from(JSON.stringify({ ts: NOW, values: { gas_lel: 60 } }))
      return new Promise<boolean>((resolve) =>
        pipeline.accept(
          { deviceId: `d${nth}`, channel: 'readings', payload, qos: 1, receivedAt: NOW, will: false },
          (error) => resolve(error !== undefined),
        ),
      )
    })
    return (await Promise.all(messages)).filter(Boolean).length
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

  it('G2: the first are told while the last are still being written; none before it is in the journal', async () => {
    journal.holdsFrom = 2
    let acknowledged = false
    const all = raiseAll().then((refused) => {
      acknowledged = true
      return refused
    })
    await until('the first part is told', () => told.length > 0)
    expect(told).toEqual(upTo(JOURNAL_BATCH))
    expect(journal.committed).toHaveLength(JOURNAL_BATCH)
    expect(acknowledged, 'G1: the whole batch is acknowledged together').toBe(false)
    journal.gate.open()
    expect(await all).toBe(0)
    expect(told).toEqual(upTo(ALARMS))
  })

  it('G1: nothing is written after a part that failed, nothing is acknowledged, and each alarm is told once', async () => {
    journal.fails = 2
    expect(await raiseAll()).toBe(ALARMS)
    await until('the pipeline takes again', () => problems.at(-1) === null)
    await until('every stored reading is decided again', () => told.length >= ALARMS)
    expect(told).toEqual(upTo(ALARMS))
    expect(new Set(journal.committed.map(({ transition }) => transition.alarm.id)).size).toBe(ALARMS)
  })
})
