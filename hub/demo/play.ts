// The county at work against a hub: registered through the front door, its past delivered late, then its story, live.
import { county as countyOf, living, started } from '../../simulators/county/county.ts'
import type { County, Happening } from '../../simulators/county/county.ts'
import type { DeviceModel } from '../../simulators/devices/model.ts'
import type { CountyDevice } from '../../simulators/county/inventory.ts'
import { furnish } from '../../simulators/county/furnish.ts'
import { later } from '../../simulators/county/later.ts'
import { Past } from '../../simulators/county/past.ts'
import { ACCOUNTS } from '../../simulators/county/people.ts'
import { PILOT_AREA } from '../../simulators/county/places.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import type { DemoScene } from '../../contract/http/demo.ts'
import { happeningsOf, script, SCRIPT_SECONDS } from '../../simulators/county/script.ts'
import type { ScriptLine } from '../../simulators/county/script.ts'
import { importTable } from '../../simulators/county/table.ts'
import type { Delivery } from '../../simulators/connection.ts'
import { Fleet } from '../../simulators/fleet.ts'
import type { FleetCounts, FleetDevice } from '../../simulators/fleet.ts'
import { Registry } from '../../simulators/registry.ts'
import type { DemoReckoning } from '../../contract/http/demo.ts'
import { Account, acknowledgementsOf, shownWithin, Witness } from './reckoning.ts'

/** So long the county goes on after its story. */
const LATER_MS = 48 * 3_600_000
const LOOK_EVERY_MS = 100
const CONNECTS_PER_SECOND = 400
/** The hub's counters are read so often: what it counted since is lost from the account when it is killed. */
const COUNTERS_EVERY_MS = 2_000
/** The first houses are in the small county, whatever the story says of them. */
const SMALL_HOUSES = 20
/** By kind, what a device measures in every reading, without mains too, and what nothing in the story spoils. */
const WITNESSED = { electricity: 'temperature_a', gas: 'gas_lel', smoke: 'temperature', access: 'door_open' } as const
/** A detector that was never started: a visitor's own reading puts it in service. */
const VISITOR = 'gas-104'

export interface PlayOptions {
  /** Of the hub's pages. */
  readonly base: string
  readonly mqttUrl: string
  readonly password: string
  readonly small: boolean
  readonly speed: number
}

export interface Visitor {
  readonly deviceId: string
  readonly token: string
  /** A reading worth sending: gas at its low limit. */
  readonly values: Readonly<Record<string, number>>
}
const VISITORS_VALUES = { gas_lel: 12 }

export class Play {
  readonly #options: PlayOptions
  readonly #registry: Registry
  readonly #county: County
  /** World time of the story's beginning, on a whole second as devices measure. */
  readonly #start = Math.ceil(Date.now() / 1000) * 1000
  readonly #storyEnd = this.#start + SCRIPT_SECONDS * 1000
  readonly #lines: readonly ScriptLine[]
  readonly #happenings: Happening[]
  readonly #past: Past
  readonly #account = new Account()
  readonly #witness: Witness
  #fleet: Fleet | null = null
  /** Wall time at which the story began. */
  #begun: number | null = null
  readonly #timers: NodeJS.Timeout[] = []
  readonly #stopping = new AbortController()

  constructor(options: PlayOptions) {
    this.#options = options
    this.#registry = new Registry(options.base)
    this.#county = countyOf()
    this.#lines = script(this.#county, this.#start)
    this.#witness = new Witness(this.#county.featured.map(({ id }) => id))
    this.#happenings = [
      ...happeningsOf(this.#lines),
      ...later(this.#county, this.#storyEnd, this.#storyEnd + LATER_MS).filter(({ deviceId }) =>
        this.#takesPart(deviceId),
      ),
    ]
    this.#past = new Past(this.#county, this.#start, happeningsOf(this.#lines))
  }

  /** Sites, devices and people; resolves when all are there. */
  async register(): Promise<Visitor | null> {
    const { password } = this.#options
    await this.#registry.signIn('admin', password)
    const devices = this.#county.devices.filter(({ id }) => this.#takesPart(id))
    const tokens = await this.#registry.import(importTable(devices))
    const sites = await this.#registry.sitesOf(PILOT_AREA)
    const areaIds = await this.#registry.areas()
    for (const { username, name, role, houses, area } of ACCOUNTS) {
      const own = houses.flatMap((house) => sites.get(`槐荫 ${house} 号`) ?? [])
      const areas = area === null ? [] : [areaIds.get(area) ?? []].flat()
      await this.#registry.createUser({ username, name, role, password, sites: own, areas, mustChange: false })
    }
    this.#fleet = new Fleet({
      url: this.#options.mqttUrl,
      devices: started(this.#county).flatMap((device) => {
        const token = tokens.get(device.id)
        return token === undefined ? [] : [{ model: this.#modelOf(device), token }]
      }),
      worldStart: this.#start,
      speed: this.#options.speed,
      connectsPerSecond: CONNECTS_PER_SECOND,
      onDelivery: (delivery) => this.#hear(delivery),
    })
    const token = tokens.get(VISITOR)
    return token === undefined ? null : { deviceId: VISITOR, token, values: VISITORS_VALUES }
  }

  /** Connects every device and delivers the last day, late; resolves when all of it is acknowledged. */
  async deliverPast(): Promise<void> {
    const fleet = this.#running()
    await fleet.connect()
    await fleet.deliver((device) => this.#past.day(this.#deviceOf(device)))
  }

  /** The story begins. `prompt` is called with each line when its time has come. */
  begin(prompt: (line: ScriptLine) => void): void {
    const fleet = this.#running()
    this.#begun = Date.now()
    fleet.start((device, stamp) => this.#past.preRoll(this.#deviceOf(device), stamp))
    const waiting = [...this.lines]
    const look = (): void => {
      for (let [next] = waiting; next && (this.second ?? 0) >= next.at; [next] = waiting) {
        waiting.shift()
        prompt(next)
      }
    }
    this.#timers.push(setInterval(look, LOOK_EVERY_MS))
    this.#timers.push(setInterval(() => void this.#readCounters(), COUNTERS_EVERY_MS))
    // A week of minutes for the story's charts; nobody has to wait for it.
    void fleet.deliver((device) => this.#past.week(this.#deviceOf(device)))
    const devices = this.#county.devices.filter(({ id }) => this.#takesPart(id))
    const furnishing = { county: this.#county, devices, at: this.#begun, signal: this.#stopping.signal }
    // A hub that is killed meanwhile leaves some of it undone; the story goes on without.
    furnish(this.#registry, furnishing).catch(() => undefined)
  }

  /** Lines from the beginning on; what prepares them has happened. */
  get lines(): readonly ScriptLine[] {
    return this.#lines.filter(({ at }) => at >= 0)
  }

  /** Of the story, world time; null before it begins. */
  get second(): number | null {
    return this.#begun === null ? null : (this.#running().now() - this.#start) / 1000
  }

  /** Makes a scene happen now, whatever else goes on. */
  trigger(name: DemoScene): void {
    const fleet = this.#running()
    const scene = SCENES.find((known) => known.name === name)
    const happenings = scene?.happenings(this.#county, fleet.now()) ?? []
    this.#happenings.push(...happenings)
    for (const deviceId of new Set(happenings.map((happening) => happening.deviceId))) {
      fleet.replace(this.#modelOf(this.#byId(deviceId)))
    }
  }

  counts(): FleetCounts {
    return this.#running().counts()
  }

  /** The account of the story until now. */
  async reckon(): Promise<DemoReckoning> {
    const from = this.#begun ?? Date.now()
    const to = Date.now()
    const witness = await this.#witness.check(from, to, (id) =>
      this.#registry.series(id, WITNESSED[this.#byId(id).kind], from, to),
    )
    const alarms = await this.#registry.alarmsSince(from)
    this.#account.read(await this.#registry.figures())
    const { shown } = this.#account
    return {
      at: to,
      received: this.#account.sum('received'),
      stored: this.#account.sum('stored'),
      rejected: this.#account.sum('rejected'),
      alarms: alarms.length,
      shown: { count: shown.count, p50: shownWithin(shown, 0.5), p99: shownWithin(shown, 0.99) },
      acknowledged: acknowledgementsOf(alarms),
      witness,
    }
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#stopping.abort()
    await this.#fleet?.stop(2_000)
  }

  #hear(delivery: Delivery): void {
    // The story's account is of the story: what comes after it need not be remembered.
    if (this.#begun !== null && (this.second ?? 0) <= SCRIPT_SECONDS) this.#witness.note(delivery)
  }

  async #readCounters(): Promise<void> {
    try {
      this.#account.read(await this.#registry.figures())
    } catch {
      // The visitor may have killed the hub this very moment; it counts from zero when it is back.
    }
  }

  #running(): Fleet {
    if (this.#fleet === null) throw new Error('the county is not registered yet')
    return this.#fleet
  }

  /** Daily life begins when the story is over: until then only the script speaks. */
  #modelOf(device: CountyDevice): DeviceModel {
    return living(this.#county, device, { from: this.#storyEnd, until: this.#storyEnd + LATER_MS }, this.#happenings)
  }

  #byId(id: string): CountyDevice {
    const device = this.#county.withId(id)
    if (device === undefined) throw new Error(`the county has no device "${id}"`)
    return device
  }

  readonly #deviceOf = ({ model }: FleetDevice): CountyDevice => this.#byId(model.id)

  #takesPart(deviceId: string): boolean {
    if (!this.#options.small) return true
    const device = this.#byId(deviceId)
    return (
      this.#county.featured.includes(device) ||
      (device.site.sort === 'rental' && Number(/\d+/.exec(device.site.name)?.[0]) <= SMALL_HOUSES) ||
      device.site.name === '槐荫 33 号' ||
      deviceId === VISITOR
    )
  }
}
