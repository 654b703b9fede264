// Looks at the meters of rooms from time to time and puts a question to the manager of who lives there. Nobody else is told, no
// alarm is raised, and nothing is concluded.
//
// How many people live in a room is not asked about: a door counts passages, not people, and by energy four who cook at home
// look like two who heat. A question on such evidence would be an accusation.
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { NewPrompt, Prompts } from '../../records/ledger/prompts.ts'
import type { Ledger } from '../../records/ledger.ts'
import type { Readings } from '../../dashboard/server/ports.ts'
import { chargingIn } from './charging.ts'
import { MINUTE, minutesOf } from './minutes.ts'
import { overloadIn } from './overload.ts'

const HOUR = 60 * MINUTE
const LOOK_EVERY_MS = 30 * MINUTE
/** The longest night that a question is about. */
const WINDOW_MS = 14 * HOUR
/** The same is not asked again of a room before this. */
const AGAIN_AFTER_MS = 24 * HOUR
/** Between two meters: the readings have more urgent work. */
const BREATH_MS = 20

export interface AskingParts {
  readonly prompts: Prompts
  readonly devices: Pick<Ledger['devices'], 'identity'>
  readonly readings: Pick<Readings, 'series'>
  readonly managersFor: Ledger['leases']['recipientsOf']
  /** Wall time, ms. */
  readonly now: () => number
  readonly log: Logger
}

/** Looks every half hour until the returned function is called, which waits for the look that is under way. */
export function startAsking(parts: AskingParts): () => Promise<void> {
  const ending = new AbortController()
  let looking: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking
      .then(() => lookAtMeters(parts, ending.signal))
      .catch((error: unknown) => {
        if (!ending.signal.aborted) parts.log.warn({ err: error }, 'the meters of rooms could not be looked at')
      })
  }, LOOK_EVERY_MS)
  return async () => {
    clearInterval(timer)
    ending.abort()
    await looking
  }
}

/** One look at every meter that stands in a room. Answers how many questions were put. */
export async function lookAtMeters(parts: AskingParts, signal?: AbortSignal): Promise<number> {
  const { prompts, now } = parts
  let asked = 0
  for (const meter of await prompts.metersInRooms()) {
    if (signal?.aborted === true) return asked
    const to = Math.floor(now() / MINUTE) * MINUTE
    const from = to - WINDOW_MS
    const query = { deviceId: meter.deviceId, kind: 'electricity', metric: 'power', from, to }
    const points = await parts.readings.series({ ...query, points: WINDOW_MS / MINUTE })
    const minutes = minutesOf(points, from, to)
    const [overload, charging] = [
      meter.powerLimitW === null ? null : overloadIn(minutes, meter.powerLimitW),
      chargingIn(minutes),
    ]
    const { siteId, deviceId } = meter
    if (overload !== null) asked += await ask(parts, { type: 'overload', siteId, deviceId, evidence: overload })
    if (charging !== null) asked += await ask(parts, { type: 'indoor_charging', siteId, deviceId, evidence: charging })
    await pause(BREATH_MS)
  }
  return asked
}

async function ask({ prompts, devices, managersFor, now }: AskingParts, prompt: NewPrompt): Promise<number> {
  const device = await devices.identity(prompt.deviceId)
  if (device === null) return 0
  const managers = await managersFor({ deviceId: device.id, siteId: device.siteId, areaIds: device.areaIds })
  const at = now()
  return managers.length === 0 ? 0 : prompts.ask(managers, prompt, at, at - AGAIN_AFTER_MS)
}
