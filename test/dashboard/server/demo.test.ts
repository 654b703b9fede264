// The demonstration's routes: there only where a demonstration is, and never a password over the network.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DemoCue, DemoDoor, DemoStage } from '../../../contract/http/demo.ts'
import type { Demo } from '../../../dashboard/server/demo-port.ts'
import { World } from './world.ts'

const DOOR: DemoDoor = { run: 'one', ready: true, accounts: [], password: 'open sesame' }
const STAGE: DemoStage = {
  run: 'one',
  pid: 4711,
  second: 12.5,
  speed: 1,
  lines: [{ at: 0, hint: { zh: '平静', en: 'quiet' } }],
  visitorAt: 330,
  reckoningAt: 600,
  scenes: [{ name: 'gas_leak', label: { zh: '燃气泄漏', en: 'gas leak' } }],
  visitor: { deviceId: 'DEV-B', token: 'secret', values: { gas_lel: 12 } },
  lan: null,
  reckoning: null,
}

describe('the demonstration', () => {
  let world: World
  const cues: DemoCue[] = []
  const doors: boolean[] = []
  let gone = false
  const answered = <T>(value: T): Promise<T> => (gone ? Promise.reject(new Error('gone')) : Promise.resolve(value))
  const demo: Demo = {
    door: (onThisMachine) => {
      doors.push(onThisMachine)
      return answered({ ...DOOR, password: onThisMachine ? DOOR.password : null })
    },
    stage: () => answered(STAGE),
    cue: (cue) => answered(void cues.push(cue)),
  }
  beforeAll(async () => {
    world = await World.start()
  })
  afterAll(() => world.stop())

  it('is not there in an ordinary hub', async () => {
    expect((await world.call('GET', '/about')).body).toEqual({ demo: null })
    for (const [method, path] of [
      ['GET', '/demo'],
      ['POST', '/demo/cues'],
    ] as const)
      expect((await world.call(method, path, { as: await world.as('admin'), body: undefined })).status).toBe(404)
  })

  it('G9: is directed by who sees the whole hub, and by nobody else', async () => {
    await world.stopServing()
    await world.serve({}, { ...world.ports(), demo })
    for (const user of ['admin', 'duty']) {
      const as = await world.as(user)
      expect((await world.call('GET', '/demo', { as })).body).toEqual(STAGE)
      expect((await world.call('POST', '/demo/cues', { as, body: { cue: 'gas_leak' } })).status).toBe(204)
    }
    expect(cues).toEqual(['gas_leak', 'gas_leak'])
    for (const as of [await world.as('manager'), undefined]) {
      expect((await world.call('GET', '/demo', { as })).status).toBe(as === undefined ? 401 : 403)
      const asked = await world.call('POST', '/demo/cues', { as, body: { cue: 'again' } })
      expect(asked.status).toBe(as === undefined ? 401 : 403)
    }
    const wrong = await world.call('POST', '/demo/cues', { as: await world.as('admin'), body: { cue: 'earthquake' } })
    expect(wrong.status).toBe(400)
    expect(cues).toHaveLength(2)
  })

  it('gives its accounts before sign-in, and tells the demonstration who sits at this machine', async () => {
    expect((await world.call('GET', '/about')).body).toEqual({ demo: DOOR })
    const proxied = await world.call('GET', '/about', { headers: { 'x-forwarded-for': '192.168.1.7' } })
    expect(proxied.body).toEqual({ demo: { ...DOOR, password: null } })
    expect(doors).toEqual([true, false])
  })

  it('says that it cannot be asked when it is gone', async () => {
    gone = true
    expect((await world.call('GET', '/about')).status).toBe(503)
    const as = await world.as('admin')
    expect((await world.call('GET', '/demo', { as })).status).toBe(503)
    expect((await world.call('POST', '/demo/cues', { as, body: { cue: 'again' } })).status).toBe(503)
  })
})
