// Brings memory to what is durable: the ledger's states, then every stored input that no state has taken in, then time.
import type { Alarm } from '../contract/alarms.ts'
import type { Journal } from '../records/ledger.ts'
import { EVERYTHING } from '../records/scope.ts'
import { initialState, parseState } from './alarms/state.ts'
import { isSamePlace } from './devices.ts'
import type { Devices, Runtime } from './devices.ts'
import type { OpenAlarms } from './open-alarms.ts'
import type { Clock } from './ports.ts'
import type { ReadingStore } from './readings/port.ts'
import type { Staging } from './staging.ts'

export interface RestoreParts {
  readonly clock: Clock
  readonly devices: Devices
  readonly readings: Pick<ReadingStore, 'after'>
  readonly journal: Journal
  readonly open: OpenAlarms
  readonly staging: Staging
  /** Whether devices were listened to while nobody decided: then their silence was their own. */
  readonly listened: boolean
}

/**
 * Answers the checkpoint it began from. What it decides waits in the current batch: a process that ended between the two
 * commits left readings whose alarms are raised now.
 */
export async function restore(parts: RestoreParts, storePosition: number): Promise<number> {
  const { clock, devices, readings, journal, open, staging, listened } = parts
  for (const runtime of devices.all()) runtime.state = initialState(runtime.profile, clock.now())
  for await (const { deviceId, state } of journal.deviceStates()) {
    const runtime = devices.get(deviceId)
    if (runtime !== undefined) runtime.state = parseState(state)
  }
  const { alarms } = await journal.snapshot(EVERYTHING)
  open.reset(alarms)
  const { checkpoint, newest } = await journal.positions()
  // What a stream holds is decided again in its order, whatever single devices have taken in of it.
  staging.position = listened ? checkpoint : Math.max(storePosition, newest)
  for (const runtime of devices.all()) staging.reconsider(runtime)
  for await (const stored of readings.after(checkpoint)) {
    const runtime = devices.get(stored.deviceId)
    if (runtime !== undefined && stored.position > runtime.state.position) staging.again(runtime, stored)
  }
  for (const runtime of devices.all()) {
    if (listened) {
      staging.expect(runtime)
      continue
    }
    // While the hub was away it heard nobody: that silence was its own.
    staging.input(runtime, { type: 'resumed' })
    if (runtime.connected) staging.input(runtime, { type: 'connection', connected: true })
  }
  // A process may have ended between a device's move and the word of it.
  const moved = new Set(alarms.flatMap((alarm) => movedSince(alarm, devices.get(alarm.deviceId)) ?? []))
  for (const runtime of moved) staging.input(runtime, { type: 'moved' })
  return checkpoint
}

/** The device of an open alarm, if it no longer stands where the alarm says. */
const movedSince = (alarm: Alarm, runtime: Runtime | undefined): Runtime | null =>
  runtime === undefined || runtime.placeOf !== null || isSamePlace(alarm, runtime.placement) ? null : runtime
