// The gate of a rental house: people come and go by face, card or phone; now and then a stranger is refused.
import { acts, named } from '../incidents.ts'
import type { Incident } from '../incidents.ts'
import { between, pick, seedOf, uniform, wander } from '../random.ts'
import { commonEvents, inOrder, overDay, phaseOf, sensedAll, ticks, wholeSeconds } from './model.ts'
import type { DeviceModel, Report, Values } from './model.ts'

export interface AccessProfile {
  readonly id: string
  readonly residents: number
  readonly exit: boolean
  readonly heldAfterSeconds: number
  readonly reportEverySeconds: number
}

export function accessProfile(id: string, seed: number): AccessProfile {
  const own = seedOf(seed, `profile ${id}`)
  return {
    id,
    residents: Math.floor(between(own, 1, 4, 24)),
    exit: true,
    heldAfterSeconds: 120,
    reportEverySeconds: 60,
  }
}

/** Passages a resident an hour, 0…23: out in the morning, home in the evening. */
const PASSAGES = [
  0.02, 0.01, 0.01, 0.01, 0.02, 0.06, 0.2, 0.35, 0.25, 0.12, 0.1, 0.15, 0.18, 0.1, 0.08, 0.08, 0.12, 0.25, 0.35, 0.3,
  0.2, 0.15, 0.1, 0.05,
]
/** Time is cut into slots with at most one passage each, which begins and ends inside its slot. */
const SLOT = 120_000
const EARLIEST_START = 5_000
const LATEST_START = 90_000
/** A refused try comes so long before the one that succeeds. */
const RETRY = 4_000
/** From the lock's click to the moving door. */
const PUSH = 2_000
const REFUSED_SHARE = 0.02
const CREDENTIALS = ['face', 'card', 'code', 'phone'] as const
const REASONS = ['unknown', 'expired', 'schedule', 'blocked'] as const

interface Passage {
  readonly unlocked: number
  readonly opened: number
  readonly closed: number
}

export function access(profile: AccessProfile, worldSeed: number, incidents: readonly Incident[]): DeviceModel {
  const { id, residents, exit, heldAfterSeconds, reportEverySeconds } = profile
  const seed = seedOf(worldSeed, id)
  const [whetherSeed, startSeed, lengthSeed, whoSeed] = [
    seedOf(seed, 'whether'),
    seedOf(seed, 'start'),
    seedOf(seed, 'length'),
    seedOf(seed, 'who'),
  ]
  const [propped, forced] = [named(incidents, 'propped'), named(incidents, 'forced')]
  const held = [...propped, ...forced]
  const every = reportEverySeconds * 1000
  const phase = phaseOf(seed, every)

  const passageIn = (slot: number): Passage | null => {
    const chance = (residents * overDay(PASSAGES, slot * SLOT) * SLOT) / 3_600_000
    if (uniform(whetherSeed, slot) >= chance) return null
    const unlocked = slot * SLOT + wholeSeconds(between(startSeed, slot, EARLIEST_START, LATEST_START))
    const opened = unlocked + PUSH
    const passage = { unlocked, opened, closed: opened + wholeSeconds(between(lengthSeed, slot, 3_000, 18_000)) }
    // Nobody needs to open a door that stands open.
    return held.some(({ from, until }) => passage.unlocked < until && passage.closed > from) ? null : passage
  }

  const values = (t: number): Values => {
    const passage = passageIn(Math.floor(t / SLOT))
    const passing = passage !== null && t >= passage.unlocked && t < passage.closed
    const standsOpen = held.some((i) => acts(i, t))
    return sensedAll('access', {
      door_open: standsOpen || (passing && t >= passage.opened) ? 1 : 0,
      lock_locked: passing || propped.some((i) => acts(i, t)) ? 0 : 1,
      rssi: -68 + 5 * wander(seed, t, 900_000),
    })
  }

  const person = (slot: number): string => `p${Math.floor(uniform(whoSeed, slot) * residents)}`

  const ordinary = (from: number, to: number): { instants: number[]; events: Report[] } => {
    const instants: number[] = []
    const events: Report[] = []
    for (let slot = Math.floor(from / SLOT); slot * SLOT < to; slot++) {
      const passage = passageIn(slot)
      if (passage === null) continue
      const credential = pick(whoSeed, -slot, CREDENTIALS)
      if (uniform(lengthSeed, -slot) < REFUSED_SHARE) {
        const reason = pick(startSeed, -slot, REASONS)
        events.push({
          at: passage.unlocked - RETRY,
          channel: 'events',
          event: 'access_denied',
          data: { credential, reason },
        })
      }
      events.push(
        {
          at: passage.unlocked,
          channel: 'events',
          event: 'access_granted',
          data: { credential, person: person(slot) },
        },
        { at: passage.opened, channel: 'events', event: 'door_opened' },
        { at: passage.closed, channel: 'events', event: 'door_closed' },
      )
      instants.push(passage.opened, passage.closed)
    }
    return { instants: instants.filter((t) => t >= from && t < to), events }
  }

  const extraordinary = [...commonEvents(incidents), ...incidents.flatMap((i) => eventsOf(i, heldAfterSeconds))]
  const edges = held.flatMap(({ from, until }) => [from, until])

  return {
    id,
    kind: 'access',
    seed,
    incidents,
    attributes: { exit, heldAfterSeconds, reportEverySeconds },
    values,
    reports: (from, to) => {
      const { instants, events } = ordinary(from, to)
      const all = [...ticks(from, to, every, phase), ...instants, ...edges]
      return inOrder(all, [...extraordinary, ...events], values, from, to)
    },
  }
}

/** What the controller says about an incident, without the readings. */
function eventsOf(incident: Incident, heldAfterSeconds: number): Report[] {
  const { name, from, until, value } = incident
  const event = (at: number, word: string, data?: Readonly<Record<string, string | number>>): Report => ({
    at,
    channel: 'events',
    event: word,
    ...(data ? { data } : {}),
  })
  switch (name) {
    case 'propped': {
      const opened = [event(from, 'door_opened'), event(until, 'door_closed')]
      const heldAt = from + heldAfterSeconds * 1000
      if (heldAt >= until) return opened
      return [
        ...opened,
        event(heldAt, 'door_held', { seconds: heldAfterSeconds }),
        event(until, 'door_held_cleared', { seconds: Math.round((until - from) / 1000) }),
      ]
    }
    case 'forced':
      return [
        event(from, 'door_forced'),
        event(from, 'door_opened'),
        event(until, 'door_closed'),
        event(until, 'door_forced_cleared'),
      ]
    case 'denied':
      return Array.from({ length: Math.round(value) }, (_, n) =>
        event(Math.round(from + (n * (until - from)) / value), 'access_denied', {
          credential: 'card',
          reason: 'unknown',
        }),
      )
    case 'duress':
      return [event(from, 'duress')]
    default:
      return []
  }
}
