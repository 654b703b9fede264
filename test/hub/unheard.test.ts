// 未上线: what is registered and never heard is told by area.
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { Attributes } from '../../contract/http/devices.ts'
import type { Area } from '../../contract/http/places.ts'
import { HUB_PLACEMENT, hubProfile } from '../../hub/own-device.ts'
import { placementOf, profileOf } from '../../hub/registry.ts'
import { DEFAULT_RULES } from '../../hub/rules.ts'
import { Unheard } from '../../hub/unheard.ts'
import { Devices } from '../../ingest/devices.ts'
import { Pipeline } from '../../ingest/pipeline.ts'
import type { CommittedTransition, DeviceIdentity } from '../../records/ledger.ts'
import { inScope } from '../../records/scope.ts'
import { county } from '../../simulators/county/county.ts'
import { until } from '../support/hub-process.ts'
import { connect, MemoryJournal, MemoryReadings } from '../support/memory-stores.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** 2026-11-21 10:00 in China. */
const REGISTERED = Date.parse('2026-11-21T10:00:00+08:00')

const AREAS: readonly Area[] = [
  { id: 'county', parentId: null, name: '示范县', path: ['示范县'] },
  { id: 'north', parentId: 'county', name: '青禾街道', path: ['示范县', '青禾街道'] },
  { id: 'south', parentId: 'county', name: '白鹭镇', path: ['示范县', '白鹭镇'] },
]

/** A hub without a door: devices, the pipeline over stores in memory, and the look that the schedule takes. */
class World {
  readonly told: CommittedTransition[] = []
  readonly journal = new MemoryJournal()
  wall = REGISTERED
  private devices!: Devices
  private unheard!: Unheard
  private pipeline!: Pipeline
  private readonly known = new Map<string, DeviceIdentity>()

  async start(): Promise<void> {
    const rules = DEFAULT_RULES.map((rule) => ({ ...rule, version: 1 }))
    this.devices = new Devices((kind) => rules.filter((rule) => rule.kind === kind))
    this.unheard = new Unheard(this.devices, AREAS)
    for (const identity of this.known.values()) this.learn(identity)
    this.devices.put(hubProfile(), HUB_PLACEMENT, this.wall).placeOf = this.unheard.placeOf
    this.pipeline = new Pipeline({
      clock: { now: () => this.wall, wall: () => this.wall },
      devices: this.devices,
      readings: connect(new MemoryReadings()).store,
      journal: connect(this.journal).store,
      listener: {
        transitions: (committed) => void this.told.push(...committed),
        stored: () => undefined,
        presence: () => undefined,
        rejected: () => undefined,
        inService: () => undefined,
        storing: () => undefined,
      },
    })
    await this.pipeline.start(0)
  }

  /** Registers a device, or changes a registered one. */
  register(id: string, area: string | null, attributes: Attributes = {}): void {
    const path = AREAS.find((one) => one.id === area)?.path ?? []
    const identity: DeviceIdentity = {
      id,
      uid: id,
      kind: 'electricity',
      name: id,
      tokenHash: '',
      lifecycle: 'registered',
      gatewayId: null,
      attributes,
      siteId: area && `site-${area}`,
      areaIds: area === null ? [] : ['county', area],
      place: area === null ? [] : [...path, '恒丰粮油'],
      siteRegime: 'normal',
      createdAt: this.known.get(id)?.createdAt ?? this.wall,
    }
    this.known.set(id, identity)
    this.learn(identity)
  }

  remove(id: string): void {
    this.known.delete(id)
    this.devices.remove(id)
  }

  hear(deviceId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const payload = Buffer.from('{"values":{"voltage_a":230}}')
      const message = { deviceId, channel: 'readings', payload, qos: 1, receivedAt: this.wall, will: false } as const
      this.pipeline.accept(message, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** One look of the schedule; answers what was told of it. */
  async look(): Promise<string[]> {
    const own = this.devices.get('hub')
    if (own === undefined) throw new Error('the hub is no device')
    const before = this.told.length
    const inputs = this.unheard.look(this.wall, own.state)
    for (const input of inputs) this.pipeline.input(own, input)
    await until('what was found is told', () => this.told.length >= before + inputs.length)
    return this.told
      .slice(before)
      .map(({ transition: { type, alarm } }) => `${type} ${alarm.place.join('/')} ${alarm.value}`)
  }

  alarm(index: number): CommittedTransition & { alarm: Alarm } {
    const committed = this.told[index]
    if (committed === undefined) throw new Error('nothing was told')
    return { ...committed, alarm: committed.transition.alarm }
  }

  private learn(identity: DeviceIdentity): void {
    this.devices.put(profileOf(identity), placementOf(identity), this.wall)
    this.unheard.learn(identity)
  }
}

async function world(): Promise<World> {
  const made = new World()
  await made.start()
  return made
}

describe('devices registered and never heard', () => {
  it('are one P4 an area, 24 hours after they were registered, and none a device', async () => {
    const hub = await world()
    for (const id of ['n1', 'n2', 'n3']) hub.register(id, 'north')
    hub.register('s1', 'south')
    hub.wall = REGISTERED + DAY - 1
    expect(await hub.look()).toEqual([])
    hub.wall = REGISTERED + DAY
    expect((await hub.look()).toSorted()).toEqual(['raised 示范县/白鹭镇 1', 'raised 示范县/青禾街道 3'])
    expect(hub.alarm(0).alarm).toMatchObject({
      deviceId: 'hub',
      ruleId: 'hub.unheard',
      priority: 4,
      category: 'offline',
    })
    hub.wall += HOUR
    expect(await hub.look()).toEqual([])
  })

  it('return by themselves when the last of an area was heard, moved or removed', async () => {
    const hub = await world()
    for (const id of ['n1', 'n2', 'n3']) hub.register(id, 'north')
    hub.wall += DAY
    await hub.look()
    await hub.hear('n1')
    expect(await hub.look()).toEqual([])
    hub.register('n2', 'south')
    hub.remove('n3')
    expect(await hub.look()).toEqual([
      'raised 示范县/白鹭镇 1',
      'returned 示范县/青禾街道 0',
      'closed 示范县/青禾街道 0',
    ])
  })

  it('wait for the day that they are to be in service from', async () => {
    const hub = await world()
    hub.register('later', 'north', { inServiceFrom: '2026-12-01' })
    hub.register('long since', 'south', { inServiceFrom: '2026-01-01' })
    hub.wall = REGISTERED + DAY
    expect(await hub.look()).toEqual(['raised 示范县/白鹭镇 1'])
    hub.wall = Date.parse('2026-12-02T00:00:00+08:00') - 1
    expect(await hub.look()).toEqual([])
    hub.wall += 1
    expect(await hub.look()).toEqual(['raised 示范县/青禾街道 1'])
  })

  it('G9: stand in their area: its people see them, those of the next do not; without a place only who sees all', async () => {
    const hub = await world()
    hub.register('n1', 'north')
    hub.register('nowhere', null)
    hub.wall += DAY
    await hub.look()
    const seenBy = (...areaIds: string[]): string[] =>
      hub.told
        .filter((committed) => inScope({ all: false, siteIds: ['site-north'], areaIds }, committed))
        .map(({ transition }) => transition.alarm.place.join('/'))
    expect(hub.told).toHaveLength(2)
    expect(seenBy('north')).toEqual(['示范县/青禾街道'])
    expect(seenBy('county')).toEqual(['示范县/青禾街道'])
    expect(seenBy('south')).toEqual([])
    // A site's manager does not hear of the devices of others.
    expect(seenBy()).toEqual([])
  })

  it('are told of once across a restart, and return in their area although no device is left there', async () => {
    const hub = await world()
    hub.register('n1', 'north')
    hub.wall += DAY
    expect(await hub.look()).toEqual(['raised 示范县/青禾街道 1'])
    await hub.start()
    expect(await hub.look()).toEqual([])
    hub.remove('n1')
    await hub.start()
    expect(await hub.look()).toEqual(['returned 示范县/青禾街道 0', 'closed 示范县/青禾街道 0'])
    expect(hub.alarm(1)).toMatchObject({ siteId: null, areaIds: ['county', 'north'] })
  })

  it('of the demonstration county cost no P1, P2 or P3: at most one P4 for each area that has some', async () => {
    const hub = await world()
    const { neverStarted, devices } = county(1, { story: false })
    const waiting = devices.filter(({ id }) => neverStarted.has(id))
    for (const { id } of waiting) hub.register(id, Number(id.slice(-1)) % 2 === 0 ? 'north' : 'south')
    hub.wall += DAY
    expect(await hub.look()).toHaveLength(2)
    expect(waiting).toHaveLength(7)
    expect(hub.told.map(({ transition }) => [transition.alarm.priority, transition.alarm.value]).toSorted()).toEqual([
      [4, 3],
      [4, 4],
    ])
  })
})
