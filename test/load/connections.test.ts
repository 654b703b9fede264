import { afterEach, expect, it } from 'vitest'
import { benchConnections, descriptorsLeft } from '../bench/connections.ts'
import { startMosquitto } from './mosquitto.ts'
import type { Mosquitto } from './mosquitto.ts'

let mosquitto: Mosquitto
afterEach(() => mosquitto.stop())
const credentials = [{ username: 'el-1', password: 'secret' }]

it('opens the idle connections asked for, measures them, and lets go of them', async () => {
  mosquitto = await startMosquitto()
  const before = descriptorsLeft(mosquitto.pid)
  let fewest = before
  const watching = setInterval(() => (fewest = Math.min(fewest, descriptorsLeft(mosquitto.pid))), 50)
  const rows = await benchConnections(mosquitto.port, credentials, { pid: mosquitto.pid, wanted: 400, watchMs: 300 })
  clearInterval(watching)
  expect(rows[0]).toEqual({ name: 'idle connections open', value: 400, unit: '', target: '≥ 400', ok: true })
  for (const { value } of rows) expect(value).toBeGreaterThanOrEqual(0)
  // Give or take the connection that tried whether Mosquitto was up: it may not have been closed, or not yet accepted.
  expect(before - fewest).toBeGreaterThanOrEqual(399)
  expect(before - fewest).toBeLessThanOrEqual(401)
  await expect.poll(() => descriptorsLeft(mosquitto.pid), { timeout: 20_000 }).toBeGreaterThanOrEqual(before - 1)
})

it('says how many there were and why no more', async () => {
  mosquitto = await startMosquitto({ config: ['max_connections 30'] })
  const rows = await benchConnections(mosquitto.port, credentials, { pid: mosquitto.pid, wanted: 50, watchMs: 300 })
  // Mosquitto counts one more than it was told.
  expect([30, 31]).toContain(rows[0]?.value)
  expect(rows[0]?.name).toContain('50 wanted: ')
})
