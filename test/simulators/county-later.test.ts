// What happens in the county besides its story: what goes on afterwards, and what a visitor makes happen.
import { describe, expect, it } from 'vitest'
import { DEMO_SCENES } from '../../contract/http/demo.ts'
import type { DemoScene } from '../../contract/http/demo.ts'
import { county, living, started } from '../../simulators/county/county.ts'
import type { Happening } from '../../simulators/county/county.ts'
import { later } from '../../simulators/county/later.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import { misfit } from '../../simulators/incidents.ts'
import { EngineDevice } from './county-engine.ts'
import type { Told } from './county-engine.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 10, 18, 11, 30)
const shire = county()

/** What the hub tells when this happens, and nothing else does. */
function toldOf(happenings: readonly Happening[], from: number, to: number): Told[] {
  return [...new Set(happenings.map(({ deviceId }) => deviceId))].flatMap((id) => {
    const device = shire.withId(id)
    if (device === undefined) throw new Error(`no device ${id}`)
    const hub = new EngineDevice(living(shire, device, { from: to, until: to }, happenings), from)
    hub.live(from, to)
    return hub.told
  })
}

const raised = (told: readonly Told[], priorities: readonly number[]): Told[] =>
  told.filter(({ transition: { type, alarm } }) => type === 'raised' && priorities.includes(alarm.priority))

describe('after the story', () => {
  const until = START + 4 * 3_600_000
  const happenings = later(shire, START, until)

  it('something small happens every three to five minutes, something urgent every half hour', () => {
    const isUrgent = ({ incident }: Happening): boolean => incident.name === 'leak' || incident.name === 'fire'
    const small = happenings.filter((happening) => !isUrgent(happening)).map(({ incident }) => incident.from)
    for (const [n, at] of small.slice(1).entries()) {
      expect(at - (small[n] as number)).toBeGreaterThanOrEqual(3 * MINUTE - 1_000)
      expect(at - (small[n] as number)).toBeLessThanOrEqual(5 * MINUTE + 1_000)
    }
    expect(happenings.filter(isUrgent).map(({ incident }) => (incident.from - START) / MINUTE)).toEqual([
      30, 60, 90, 120, 150, 180, 210,
    ])
    expect(later(shire, START, until)).toEqual(happenings)
  })

  it('befalls only devices that are in service, are not of the story, and can have it happen', () => {
    const others = new Set(
      started(shire)
        .filter((device) => !shire.featured.includes(device))
        .map(({ id }) => id),
    )
    for (const { deviceId, incident } of happenings) {
      expect(others).toContain(deviceId)
      expect(misfit(shire.withId(deviceId)?.kind ?? 'camera', incident)).toBeNull()
    }
  })

  it('each of it brings a row', () => {
    for (const happening of happenings) {
      const { incident } = happening
      const told = toldOf([happening], incident.from - 5 * MINUTE, incident.until + 5 * MINUTE)
      const priorities = incident.name === 'leak' || incident.name === 'fire' ? [1, 2] : [3, 4]
      expect(raised(told, priorities), `${incident.name} on ${happening.deviceId}`).not.toEqual([])
      expect(raised(told, [1]).length).toBeLessThanOrEqual(incident.name === 'fire' ? 1 : 0)
    }
  })
})

describe('scenes', () => {
  it('are all there, in the order of their keys', () => {
    expect(SCENES.map(({ name }) => name)).toEqual(DEMO_SCENES)
  })

  const brings: Record<DemoScene, readonly [signal: string, priority: number, rows: number]> = {
    gas_leak: ['gas_lel', 1, 1],
    leakage: ['residual_current', 2, 1],
    hot_terminal: ['temperature', 2, 1],
    power_cut: ['silent', 4, 5],
    wrong_clock: ['clock', 4, 1],
    misfit: ['data', 4, 1],
  }
  // By day and by night: what a device measures otherwise differs.
  it.each(SCENES.flatMap((scene) => [0, 6, 12, 18].map((hours) => ({ scene, hours }))))(
    '$scene.name brings its row, $hours hours later in the day too',
    ({ scene, hours }) => {
      const now = START + hours * 3_600_000
      const told = toldOf(scene.happenings(shire, now), now - MINUTE, now + 6 * MINUTE)
      const [signal, priority, rows] = brings[scene.name]
      const reached = new Set(
        told.flatMap(({ transition: { alarm } }) =>
          alarm.signal === signal && alarm.priority === priority ? [alarm.id] : [],
        ),
      )
      expect(reached.size).toBe(rows)
    },
  )
})
