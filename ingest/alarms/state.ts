// What the hub remembers of one device between two inputs: plain data that survives JSON, one row of the ledger.
import type { Suppression } from '../../contract/alarms.ts'
import type { Lifecycle } from '../../contract/http/devices.ts'
import type { Bilingual, LevelName, Priority } from '../../contract/rules.ts'
import type { TransitionReason } from '../../contract/alarms.ts'
import type { AlarmCore, DeviceProfile } from './types.ts'

/** Raised when the shape below changes; `parseState` then knows the older ones. */
export const STATE_FORMAT = 1

/**
 * One piece of evidence for an alarm: a level's limit, an event of the device, its silence. A source that is not listed is
 * normal. `pending` waits for its on-delay; `clearing` is normal again and waits for its off-delay, still counting as `on`.
 */
export interface Source {
  readonly phase: 'pending' | 'on' | 'clearing'
  /** When this phase began: sample time (hub time where no sample is involved), ms. */
  readonly since: number
  /** Hub time at which the delay runs out if no sample says so before; null when `on`. */
  readonly due: number | null
  /** Why it came on. */
  readonly why: TransitionReason
  /**
   * Why it cannot be believed any more: its device fell silent, or sends only bad values of it. It then stands until
   * good evidence on this very source; an alarm that has only such sources is frozen (G4).
   */
  readonly stale: TransitionReason | null
  readonly value: number | null
}

/** How bad it is, and in which words. */
export interface Grade {
  readonly level: LevelName
  readonly priority: Priority
  readonly latch: boolean
  readonly limit: number | null
  readonly title: Bilingual | null
}

/** Sample times between which an alarm's danger is known to have been there, ms, both included. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** One alarm identity that is not at rest: (rule, channel) of this device. */
export interface Track {
  readonly ruleId: string
  readonly channel: string
  readonly sources: Readonly<Record<string, Source>>
  /** The worst latching level reached since the alarm was raised. */
  readonly latch: Grade | null
  readonly alarm: AlarmCore | null
  /** Somebody still has to acknowledge. */
  readonly owed: boolean
  readonly span: Span | null
  /** Hub times of what a count rule counts, oldest first. */
  readonly hits: readonly number[]
}

/** What must be known of an alarm identity after it came to rest, so that a repeated or late message tells nothing twice. */
export interface Memory {
  /** Newest sample time by source, of events; with `*` before it, of returns that name no channel: they hold for all. */
  readonly events: Readonly<Record<string, number>>
  /** Closed alarms, oldest first. */
  readonly past: readonly Span[]
  /** Times over a limit that did not last as long as its on-delay asks for, oldest first. */
  readonly dismissed: readonly Span[]
  /** Sample times of momentary events, ascending. */
  readonly seen: readonly number[]
  /** Sample times, ascending, of events of which several are worse than one; by the source that so many are. */
  readonly counted?: Readonly<Record<string, readonly number[]>>
}

/** Suppressions of one identity; the strongest shows. */
export interface Layers {
  readonly out_of_service?: Suppression
  readonly suppressed?: Suppression
  readonly shelved?: Suppression
}

export interface DeviceState {
  readonly format: typeof STATE_FORMAT
  /** Newest intake position taken in. */
  readonly position: number
  readonly lifecycle: Lifecycle
  /** How many alarm ids were given out: the next id. */
  readonly issued: number
  /** Hub time since which silence is counted: its newest message, or when it entered service; null: not counted. */
  readonly heardAt: number | null
  /** Receipt of its newest message, hub wall time; null: never heard. */
  readonly receivedAt: number | null
  /** Learned seconds between readings; null: nothing learned yet. */
  readonly interval: number | null
  /** The dot on the screen: greys at once on a will or a broken connection, and when silence is decided. */
  readonly online: boolean
  /** The broker said in its name that it is gone, and it was not heard since. */
  readonly willed: boolean
  /** Newest sample time by metric, of metrics that a rule reads. */
  readonly newest: Readonly<Record<string, number>>
  readonly tracks: Readonly<Record<string, Track>>
  readonly memory: Readonly<Record<string, Memory>>
  /** By identity; `*` is the whole device. */
  readonly suppressions: Readonly<Record<string, Layers>>
}

/** Rule ids contain no `/`. */
export const trackKey = (ruleId: string, channel: string): string => `${ruleId}/${channel}`

/** A device in service is expected from `now` on; a registered one only from its first message. */
export function initialState(profile: DeviceProfile, now: number): DeviceState {
  return {
    format: STATE_FORMAT,
    position: 0,
    lifecycle: profile.lifecycle,
    issued: 0,
    heardAt: profile.lifecycle === 'in_service' ? now : null,
    receivedAt: null,
    interval: null,
    online: false,
    willed: false,
    newest: {},
    tracks: {},
    memory: {},
    suppressions: {},
  }
}

/** A state of the ledger that this version cannot read. */
export class StateFormatError extends Error {
  override name = 'StateFormatError'
}

/** Reads what `JSON.stringify` wrote of a state. Throws StateFormatError. */
export function parseState(json: string): DeviceState {
  let state: unknown
  try {
    state = JSON.parse(json)
  } catch {
    throw new StateFormatError('a device state is not JSON')
  }
  const format = typeof state === 'object' && state !== null && 'format' in state ? state.format : undefined
  if (format !== STATE_FORMAT)
    throw new StateFormatError(`a device state has format ${String(format)}, not ${STATE_FORMAT}`)
  return state as DeviceState
}

/** Open alarms, oldest id first. */
export function openAlarms(state: DeviceState): AlarmCore[] {
  const alarms: AlarmCore[] = []
  for (const key in state.tracks) {
    const alarm = state.tracks[key]?.alarm
    if (alarm) alarms.push(alarm)
  }
  return alarms.sort((a, b) => serialOf(a.id) - serialOf(b.id))
}

const SERIAL_BASE = 36

export const alarmId = (uid: string, serial: number): string => `${uid}-${serial.toString(SERIAL_BASE)}`

const serialOf = (id: string): number => parseInt(id.slice(id.lastIndexOf('-') + 1), SERIAL_BASE)

/** Whether this device ever gave out the id. */
export function wasIssued(uid: string, state: Pick<DeviceState, 'issued'>, id: string): boolean {
  const serial = serialOf(id)
  return serial >= 1 && serial <= state.issued && id === alarmId(uid, serial)
}
