// The county at work against a hub: registered through the front door, its past delivered late, then its story, live.
import { county as countyOf, living, started } from '../../simulators/county/county.ts'
import type { County, Happening } from '../../simulators/county/county.ts'
import type { DeviceModel } from '../../simulators/devices/model.ts'
import type { CountyDevice } from '../../simulators/county/inventory.ts'
import { later } from '../../simulators/county/later.ts'
import { Past } from '../../simulators/county/past.ts'
import { ACCOUNTS } from '../../simulators/county/people.ts'
import { PILOT_AREA } from '../../simulators/county/places.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import type { SceneName } from '../../simulators/county/scenes.ts'
import { happeningsOf, script, SCRIPT_SECONDS } from '../../simulators/county/script.ts'
import type { ScriptLine } from '../../simulators/county/script.ts'
import { importTable } from '../../simulators/county/table.ts'
import { Fleet } from '../../simulators/fleet.ts'
import type { FleetCounts, FleetDevice } from '../../simulators/fleet.ts'
import { Registry } from '../../simulators/registry.ts'
import type { Counters } from '../../contract/http/alarms.ts'

/** So long the county goes on after its story. */
const LATER_MS = 48 * 3_600_000
const LOOK_EVERY_MS = 100
const CONNECTS_PER_SECOND = 400
/** The first houses are in the small county, whatever the story says of them. */
const SMALL_HOUSES = 20
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
}

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
  #fleet: Fleet | null = null
  #prompter: NodeJS.Timeout | null = null

  constructor(options: PlayOptions) {
    this.#options = options
    this.#registry = new Registry(options.base)
    this.#county = countyOf()
    this.#lines = script(this.#county, this.#start)
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
    for (const { username, name, role, houses } of ACCOUNTS) {
      const own = houses.flatMap((house) => sites.get(`槐荫 ${house} 号`) ?? [])
      await this.#registry.createUser({ username, name, role, password, sites: own, mustChange: false })
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
    })
    const token = tokens.get(VISITOR)
    return token === undefined ? null : { deviceId: VISITOR, token }
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
    fleet.start((device, stamp) => this.#past.preRoll(this.#deviceOf(device), stamp))
    const waiting = this.#lines.filter(({ at }) => at >= 0)
    this.#prompter = setInterval(() => {
      for (let [next] = waiting; next && fleet.now() >= this.#start + next.at * 1000; [next] = waiting) {
        waiting.shift()
        prompt(next)
      }
    }, LOOK_EVERY_MS)
    // A week of minutes for the story's charts; nobody has to wait for it.
    void fleet.deliver((device) => this.#past.week(this.#deviceOf(device)))
  }

  /** Makes a scene happen now, whatever else goes on. */
  trigger(name: SceneName): void {
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

  counters(): Promise<Counters> {
    return this.#registry.counters()
  }

  async stop(): Promise<void> {
    if (this.#prompter !== null) clearInterval(this.#prompter)
    await this.#fleet?.stop(2_000)
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
