// The commit protocol, over stores that fail and wait on command.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import { connect, MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'
import { until } from '../support/hub-process.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { Act } from '../../contract/alarms.ts'
import type { PipelineListener } from '../../ingest/ports.ts'
import type { CommittedTransition } from '../../records/ledger.ts'

const OFFICER = { id: 'u1', name: '周晓岚' }

class World {
  readonly readings = new MemoryReadings()
  readonly journal = new MemoryJournal()
  readonly told: CommittedTransition[] = []
  readonly rejectedSamples: string[] = []
  problems: (string | null)[] = []
  wall = 1_795_000_000_000
  private readonly hubStart = this.wall
  private cut: (() => void)[] = []
  pipeline = this.build()

  private build(): Pipeline {
    const devices = new Devices((kind) =>
      (KIND_NAMES as readonly string[]).includes(kind)
        ? defaultRulesFor(kind as KindName).map((rule) => ({ ...rule, kind: kind as KindName, version: 1 }))
        : [],
    )
    for (const [index, kind] of (['gas', 'gas', 'electricity', 'smoke'] as const).entries()) {
      devices.put(
        {
          uid: `uid${index}`,
          deviceId: `d${index}`,
          kind,
          attributes: {},
          lifecycle: 'registered',
          gatewayId: null,
          inServiceSince: null,
        },
        { deviceName: `设备 ${index}`, siteId: 's1', areaIds: ['a1'], place: ['示范县', '槐荫 12 号'] },
        this.hubStart,
      )
    }
    const listener: PipelineListener = {
      transitions: (committed) => void this.told.push(...committed),
      stored: () => undefined,
      presence: () => undefined,
      rejected: (samples) => void this.rejectedSamples.push(...samples.map(({ reason }) => reason)),
      inService: () => undefined,
      storing: (problem) => void this.problems.push(problem),
    }
    const [readings, journal] = [connect(this.readings), connect(this.journal)]
    this.cut = [readings.cut, journal.cut]
    return new Pipeline({
      clock: { now: () => this.wall, wall: () => this.wall },
      devices,
      readings: readings.store,
      journal: journal.store,
      listener,
    })
  }

  async start(): Promise<void> {
    const { position } = await this.readings.start()
    await this.pipeline.start(position)
  }

  /** The process ends without a word and another begins on the same disks. */
  async crash(): Promise<void> {
    for (const cut of this.cut) cut()
    this.readings.failing = null
    this.journal.failing = null
    this.problems = []
    this.pipeline = this.build()
    await this.start()
  }

  publish(
    deviceId: string,
    body: unknown,
    options: { qos?: 0 | 1; channel?: 'readings' | 'events' } = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pipeline.accept(
        {
          deviceId,
          channel: options.channel ?? 'readings',
          payload: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
          qos: options.qos ?? 1,
          receivedAt: this.wall,
          will: false,
        },
        (error) => (error === undefined ? resolve() : reject(error)),
      )
    })
  }

  gas(value: number, ts = this.wall, device = 'd0'): Promise<void> {
    return this.publish(device, { ts, values: { gas_lel: value } })
  }

  get types(): string[] {
    return this.told.map(({ transition }) => `${transition.seq} ${transition.type} ${transition.alarm.ruleId}`)
  }

  get openAlarm(): CommittedTransition['transition']['alarm'] {
    const last = this.told.at(-1)
    if (last === undefined) throw new Error('nothing was told')
    return last.transition.alarm
  }

  act(
    name: Exclude<Act['name'], 'verdict'>,
    seq: number | null,
    alarmId = this.openAlarm.id,
  ): ReturnType<Pipeline['submit']> {
    const answer = { alarmId, seq, by: OFFICER, reason: null, comment: name === 'comment' ? '已到场' : null }
    return this.pipeline.submit(name === 'ack' ? { ...answer, name, level: 'county' } : { ...answer, name }, '10.0.0.7')
  }

  /** Raised, taken, gone, reset. */
  async overAlarm(): Promise<{ id: string; seq: number }> {
    await this.gas(26)
    const { id } = this.openAlarm
    await this.act('ack', this.openAlarm.seq)
    await this.gas(0, this.wall + 1_000)
    await this.gas(0, this.wall + 90_000)
    await this.act('reset', this.openAlarm.seq)
    expect(this.openAlarm.closedAt).not.toBeNull()
    return { id, seq: this.openAlarm.seq }
  }

  judge(verdict: 'real' | 'false' | 'test', seq: number, alarmId: string): ReturnType<Pipeline['submit']> {
    const cause = verdict === 'false' ? '油烟' : null
    return this.pipeline.submit(
      { name: 'verdict', alarmId, seq, by: OFFICER, reason: null, comment: null, verdict, cause },
      '10.0.0.7',
    )
  }
}

let world: World
beforeEach(async () => {
  world = new World()
  await world.start()
})

describe('pipeline: acknowledging', () => {
  it('G1: acknowledges only after both the readings and the journal are committed', async () => {
    world.readings.gate.shut = true
    world.journal.gate.shut = true
    let acknowledged = false
    const done = world.gas(26).then(() => (acknowledged = true))
    await until('the append is under way', () => world.readings.appends > 0)
    world.readings.gate.open()
    await until('the readings are committed', () => world.readings.rows.length > 0)
    expect(acknowledged).toBe(false)
    expect(world.told).toEqual([])
    world.journal.gate.open()
    await done
    expect(world.types).toEqual(['1 raised gas.gas_lel'])
  })

  it('G2: tells nobody of a transition that is not in the journal', async () => {
    world.journal.failing = 'before'
    await expect(world.gas(26)).rejects.toThrow('database is locked')
    expect(world.told).toEqual([])
    world.journal.failing = null
    await until('the pipeline takes again', () => world.problems.at(-1) === null)
    expect(world.told.length, 'the stored reading is decided again').toBe(1)
  })

  it('keeps the order of acknowledgements, whatever the messages are', async () => {
    const order: number[] = []
    const bodies: unknown[] = [
      { values: { gas_lel: 1 } },
      'no json',
      { values: { mystery: 1 } },
      { values: { gas_lel: 26 } },
      '[]',
    ]
    await Promise.all(bodies.map((body, index) => world.publish('d0', body).then(() => order.push(index))))
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('commits a lone message by itself and what comes meanwhile together', async () => {
    await world.gas(1)
    expect(world.readings.appends).toBe(1)
    world.readings.gate.shut = true
    const first = world.gas(1, world.wall + 1)
    await until('the append is under way', () => world.readings.appends === 2)
    const rest = Array.from({ length: 50 }, (_, index) => world.gas(1, world.wall + 2 + index))
    world.readings.gate.open()
    await Promise.all([first, ...rest])
    expect(world.readings.appends).toBe(3)
  })
})

describe('pipeline: a store that is slow', () => {
  it('an alarm reaches the screens as soon as it is in the journal, and its PUBACK still waits for the reading', async () => {
    world.readings.gate.shut = true
    let acknowledged = false
    const first = world.gas(3)
    await until('an append is under way', () => world.readings.appends === 1)
    const alarm = world.gas(26, world.wall + 1).then(() => (acknowledged = true))
    await until('the screens have heard', () => world.types.length === 1)
    const acted = await world.act('ack', world.openAlarm.seq)
    expect(acted.ok).toBe(true)
    expect(acknowledged).toBe(false)
    world.readings.gate.open()
    await Promise.all([first, alarm])
    expect(acknowledged).toBe(true)
  })
})

describe('pipeline: a commit that fails', () => {
  it('G1: refuses everything staged on it, and raises the alarm when the device sends again', async () => {
    world.readings.failing = 'before'
    world.journal.failing = 'before'
    const both = await Promise.allSettled([world.gas(26), world.gas(27, world.wall + 1)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    world.readings.failing = null
    world.journal.failing = null
    await until('the pipeline takes again', () => world.problems.at(-1) === null)
    await world.gas(26)
    expect(world.types).toEqual(['1 raised gas.gas_lel'])
    const { received, stored, rejected, pending, notCommitted } = world.pipeline.counters.snapshot()
    expect({ received, stored, rejected, pending, notCommitted }).toEqual({
      received: 1,
      stored: 1,
      rejected: 0,
      pending: 0,
      notCommitted: 2,
    })
  })

  it('the readings commit and the process dies before the journal: the alarm is raised after the restart, once', async () => {
    world.journal.failing = 'before'
    await expect(world.gas(26)).rejects.toThrow()
    expect(world.readings.rows).toHaveLength(1)
    await world.crash()
    expect(world.types).toEqual(['1 raised gas.gas_lel'])
    await world.gas(26)
    expect(world.types, 'the redelivery changes nothing').toEqual(['1 raised gas.gas_lel'])
  })

  it('the journal commits and the process dies before the readings: the redelivery is stored and raises nothing twice', async () => {
    world.readings.failing = 'before'
    await expect(world.gas(26)).rejects.toThrow()
    expect(world.journal.committed).toHaveLength(1)
    await world.crash()
    await world.gas(26)
    expect(world.readings.rows).toHaveLength(1)
    expect(world.journal.committed).toHaveLength(1)
  })

  it('G2: what the ledger took although its answer was lost is told after all, once', async () => {
    world.journal.failing = 'after'
    await expect(world.gas(26)).rejects.toThrow('the answer was lost')
    world.journal.failing = null
    await until('the pipeline takes again', () => world.problems.at(-1) === null)
    expect(world.types).toEqual(['1 raised gas.gas_lel'])
  })

  it('a batch decided on top of one that failed never reaches the journal', async () => {
    world.journal.gate.shut = true
    const first = world.gas(26)
    await until('its append is under way', () => world.readings.appends === 1)
    const second = world.gas(60, world.wall + 1)
    await until('the next is under way too', () => world.readings.appends === 2)
    world.journal.failOnce = true
    world.journal.gate.open()
    expect((await Promise.allSettled([first, second])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await until('the pipeline takes again', () => world.problems.at(-1) === null)
    expect(world.types, 'both stored readings are decided again, from the start').toEqual([
      '1 raised gas.gas_lel',
      '2 level_changed gas.gas_lel',
    ])
  })

  it('holds messages that come while it recovers, and takes them in order afterwards', async () => {
    world.readings.failing = 'before'
    world.journal.failing = 'before'
    await expect(world.gas(3)).rejects.toThrow()
    const held = [world.gas(26, world.wall + 1), world.gas(27, world.wall + 2)]
    world.readings.failing = null
    world.journal.failing = null
    await Promise.all(held)
    expect(world.readings.rows.map(({ ts }) => ts - world.wall)).toEqual([1, 2])
  })

  it('says that it cannot store, and that it can again', async () => {
    world.readings.failing = 'before'
    await expect(world.gas(3)).rejects.toThrow()
    expect(world.problems[0]).toContain('no space left')
    world.readings.failing = null
    await until('it can again', () => world.problems.at(-1) === null)
  })
})

describe('pipeline: restart', () => {
  it('G2: restores every open alarm with its acknowledgement', async () => {
    await world.gas(26)
    const acked = await world.act('ack', world.openAlarm.seq)
    expect(acked.ok).toBe(true)
    await world.crash()
    const again = await world.act('ack', 2)
    expect(again).toEqual({ ok: false, refusal: 'already_acknowledged' })
  })

  it('an on-delay that ran out while the process was down has run out', async () => {
    await world.publish('d2', { ts: world.wall, values: { residual_current: 320 } })
    expect(world.told).toEqual([])
    world.wall += 60_000
    await world.crash()
    await until('the alarm is raised', () => world.told.length > 0)
    expect(world.types[0]).toBe('1 raised electricity.residual_current')
  })

  it('writes quiet states lazily and all of them at a clean stop', async () => {
    await world.gas(3)
    expect(world.journal.states.get('d0')?.position ?? 0).toBe(0)
    await world.pipeline.stop()
    expect(world.journal.states.get('d0')?.position).toBe(1)
    expect(world.journal.checkpoint).toBe(1)
  })
})

describe('pipeline: alarms of one site that bear each other out', () => {
  const arc = (ts = world.wall) => world.publish('d2', { ts, event: 'arc_fault', data: {} }, { channel: 'events' })
  const smoke = (ts = world.wall) => world.publish('d3', { ts, values: { smoke: 1 } })
  const arcs = () =>
    world.told
      .filter(({ transition }) => transition.alarm.ruleId === 'electricity.arc_fault')
      .map(({ transition: { type, reason, alarm } }) => `${type} ${reason} P${alarm.priority}`)
  const RISEN = ['raised momentary P2', 'returned momentary P2', 'level_changed corroboration P1']

  it('an arc, then smoke in the same house: the arc’s alarm rises in the batch of the smoke', async () => {
    await arc()
    await smoke(world.wall + 20_000)
    expect(arcs()).toEqual(RISEN)
    const batch = world.journal.batches.at(-1)
    expect(batch?.entries.map(({ transition }) => transition.alarm.deviceId)).toEqual(['d3', 'd2'])
    expect(batch?.states.map(({ deviceId }) => deviceId)).toEqual(['d3', 'd2'])
    const risen = world.told.at(-1)?.transition
    expect([risen?.sampleTs, risen?.alarm.title.zh]).toEqual([world.wall + 20_000, '故障电弧伴随烟或热'])
  })

  it('smoke, then an arc while it stands; after a restart between them too', async () => {
    await smoke()
    await world.crash()
    world.wall += 600_000
    await arc()
    expect(arcs()).toEqual(RISEN)
  })

  it('G1: the smoke’s PUBACK waits for the rise of the arc; what was lost with the journal is decided again, once', async () => {
    await arc()
    world.journal.failing = 'before'
    await expect(smoke(world.wall + 1)).rejects.toThrow()
    await world.crash()
    expect(arcs()).toEqual(RISEN)
    await smoke(world.wall + 1)
    await world.crash()
    expect(arcs(), 'neither the redelivery nor another restart tells it twice').toEqual(RISEN)
  })

  it('G2: a process that ended between the transactions of the two devices: the restart makes up for it', async () => {
    await arc()
    const before = world.journal.states.get('d2')
    await smoke(world.wall + 1)
    // As if the smoke's parcel had been taken and the arc's had not.
    const lost = world.journal.committed.pop()
    expect(lost?.transition.reason).toBe('corroboration')
    if (before !== undefined) world.journal.states.set('d2', before)
    world.told.pop()
    await world.crash()
    await until('the arc has risen', () => arcs().length === 3)
    expect(arcs()).toEqual(RISEN)
  })

  it('an officer who acknowledged the arc must acknowledge it again', async () => {
    await arc()
    const { id, seq } = world.openAlarm
    expect((await world.act('ack', seq, id)).ok).toBe(true)
    await smoke(world.wall + 1)
    expect(world.told.at(-1)?.transition.alarm.ack).toBeNull()
  })
})

describe('pipeline: acts', () => {
  it('G8: carries who acted and from where into the journal', async () => {
    await world.gas(26)
    await world.act('ack', 1)
    const entry = world.journal.batches.at(-1)?.entries[0]
    expect(entry?.address).toBe('10.0.0.7')
    expect(entry?.transition.by).toEqual(OFFICER)
  })

  it('answers each of two comments at once with its own', async () => {
    await world.gas(26)
    const comment = (text: string) =>
      world.pipeline.submit(
        { name: 'comment', alarmId: world.openAlarm.id, seq: null, by: OFFICER, reason: null, comment: text },
        '10.0.0.7',
      )
    const answers = await Promise.all([comment('已致电'), comment('已派人')])
    expect(answers.map((answer) => answer.ok && answer.transition.comment)).toEqual(['已致电', '已派人'])
  })

  it('refuses as stale an act that answers an older transition, and lets exactly one of two officers through', async () => {
    await world.gas(26)
    const seq = world.openAlarm.seq
    const [first, second] = await Promise.all([world.act('ack', seq), world.act('ack', seq)])
    expect(first.ok).toBe(true)
    expect(second).toEqual({ ok: false, refusal: 'stale' })
  })

  it('refuses an act on an alarm that is not open', async () => {
    await world.gas(26)
    expect(await world.act('ack', 1, 'no such alarm')).toEqual({ ok: false, refusal: 'not_found' })
  })

  it('takes the verdict and the comment on an alarm that is over, and nothing else; it stays closed', async () => {
    const { id, seq } = await world.overAlarm()
    const judged = await world.judge('false', seq, id)
    expect(judged.ok && judged.transition).toMatchObject({
      seq: seq + 1,
      type: 'verdict',
      reason: 'human',
      by: OFFICER,
      alarm: { id, verdict: 'false', verdictCause: '油烟', closedAt: expect.any(Number) },
    })
    expect(await world.act('comment', null, id)).toMatchObject({
      ok: true,
      transition: { type: 'commented', alarm: { verdict: 'false', verdictCause: '油烟' } },
    })
    expect(world.journal.batches.at(-1)?.entries[0]?.address).toBe('10.0.0.7')
    for (const name of ['ack', 'reset', 'field_verified'] as const)
      expect(await world.act(name, seq + 2, id)).toEqual({ ok: false, refusal: 'closed' })
    // Over is over: a new danger is a new alarm, and a restart opens nothing.
    await world.crash()
    await world.gas(26, world.wall + 120_000)
    expect(world.openAlarm.id).not.toBe(id)
  })

  it('G2: of two verdicts at once on an alarm that is over the second is stale, and neither is lost or told early', async () => {
    const { id, seq } = await world.overAlarm()
    world.journal.gate.shut = true
    const told = world.told.length
    const both = Promise.all([world.judge('false', seq, id), world.judge('real', seq, id)])
    await vi.waitFor(() => expect(world.pipeline.backlog.batches).toBe(1))
    expect(world.told).toHaveLength(told)
    world.journal.gate.open()
    expect(await both).toMatchObject([{ ok: true }, { ok: false, refusal: 'stale' }])
    world.journal.failOnce = true
    await expect(world.judge('test', seq + 1, id)).rejects.toThrow('database is locked')
    expect(await world.judge('test', seq + 1, id)).toMatchObject({
      ok: true,
      transition: { alarm: { verdict: 'test' } },
    })
  })

  it('refuses the reset while the condition holds', async () => {
    await world.gas(26)
    await world.act('ack', 1)
    expect(await world.act('reset', 2)).toEqual({ ok: false, refusal: 'still_active' })
  })
})

describe('pipeline: presence', () => {
  const comeAndGo = async (politely: boolean): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      world.wall += 60_000
      world.pipeline.presence('d0', true, world.wall)
      world.pipeline.presence('d0', false, world.wall, politely)
      await world.gas(1)
    }
  }

  it('three lines that dropped in half an hour are flapping; three leaves taken, or devices sent away, are not', async () => {
    await world.gas(1)
    await comeAndGo(true)
    expect(world.types).toEqual([])
    await comeAndGo(false)
    expect(world.types).toEqual(['1 raised device.flapping'])
  })
})

describe('pipeline: many alarms at once', () => {
  it('journals a device’s transitions and its state together, however many there are', async () => {
    world.journal.gate.shut = true
    const first = world.gas(3)
    await until('a commit is under way', () => world.readings.appends > 0)
    const events = Array.from({ length: 400 }, (_, index) => ({
      ts: world.wall + index,
      event: 'setting_changed',
      data: { name: 'x', by: 'local' },
    }))
    const rest = ['d0', 'd1'].map((device) => world.publish(device, events, { channel: 'events' }))
    world.journal.gate.open()
    await Promise.all([first, ...rest])
    const parcels = world.journal.batches.filter(({ entries }) => entries.length > 0)
    expect(parcels.length).toBeGreaterThan(1)
    for (const { entries, states } of parcels) {
      const devices = new Set(entries.map(({ transition }) => transition.alarm.deviceId))
      expect(new Set(states.map(({ deviceId }) => deviceId))).toEqual(devices)
    }
    expect(world.told.map(({ transition }) => transition.seq)).toEqual(world.told.map((_, index) => index + 1))
  })
})

describe('pipeline: counting', () => {
  it('measures commits that store something, and knows what waits for them', async () => {
    await world.publish('d0', 'junk')
    expect(world.pipeline.commits.figures()).toMatchObject({ count: 0, p50: null, last: null })
    const done = [world.gas(1), world.gas(2)]
    expect(world.pipeline.backlog).toEqual({ batches: 0, messages: 2, points: 2 })
    await Promise.all(done)
    expect(world.pipeline.backlog).toEqual({ batches: 0, messages: 0, points: 0 })
    expect(world.pipeline.commits.figures()).toMatchObject({ count: 1, of: 1, last: { at: world.wall } })
  })

  it('G10: received = stored + rejected, by reason, whatever is sent', async () => {
    await Promise.all([
      world.gas(1),
      world.publish('d0', '{'),
      world.publish('d0', { values: { gas_lel: -40, humidity: 50, nonsense: 1 } }),
      world.publish('nobody', { values: { gas_lel: 1 } }),
      world.publish('d0', { event: 'gas_low', data: { value: 12 } }, { channel: 'events' }),
    ])
    const { received, stored, rejected, byReason } = world.pipeline.counters.snapshot()
    expect(received).toBe(stored + rejected)
    expect(stored).toBe(3)
    expect(byReason).toMatchObject({ not_json: 1, out_of_range: 1, unknown_metric: 1, unregistered_device: 1 })
    expect(world.rejectedSamples).toEqual(['not_json', 'out_of_range'])
  })

  it('G6: under overload QoS 0 is dropped and counted, QoS 1 never', async () => {
    world.readings.gate.shut = true
    const first = world.gas(1)
    await until('a commit is under way', () => world.readings.appends > 0)
    const body = Array.from({ length: 500 }, (_, index) => ({ ts: world.wall - index, values: { gas_lel: 1 } }))
    const kept = Array.from({ length: 140 }, () => world.publish('d1', body))
    const dropped = world.publish('d1', { values: { gas_lel: 1 } }, { qos: 0 })
    const after = world.publish('d1', { values: { gas_lel: 1 } })
    world.readings.gate.open()
    await Promise.all([first, ...kept, dropped, after])
    const { byReason, rejected, stored } = world.pipeline.counters.snapshot()
    expect(byReason.overload_qos0).toBe(1)
    expect(rejected).toBe(1)
    expect(stored).toBe(1 + 140 * 500 + 1)
  })
})
