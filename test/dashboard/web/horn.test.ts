// What the horn should do, second by second: the pure part, and the state's word.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { defaultSteps } from '../../../dashboard/web/src/desk/first-steps.ts'
import { fetchLanguage, textOf } from '../../../dashboard/web/src/text/dictionary.ts'
import type { Link } from '../../../dashboard/web/src/feed/link.ts'
import {
  decide,
  hear,
  isNight,
  loudest,
  LOUD_AFTER_MS,
  MUTE_MS,
  muted,
  SILENT,
  unverified,
  VERDICT_WITHIN_MS,
} from '../../../dashboard/web/src/horn/decide.ts'
import type { CallablePart, HornState, Instant } from '../../../dashboard/web/src/horn/decide.ts'
import { hornWord } from '../../../dashboard/web/src/horn/horn-text.ts'
import { checkBeeps, TONES } from '../../../dashboard/web/src/horn/tones.ts'

/** Noon in Beijing. */
const NOON = Date.UTC(2026, 10, 21, 4)
const NIGHT = Date.UTC(2026, 10, 21, 14)
const LIVE: Link = { phase: 'live' }
const takenAt = (at: number) => ({ by: { id: 'u', name: '周' }, at, reason: null, comment: null })
const ack = takenAt(NIGHT)
const shelf = { type: 'shelved', by: null, reason: 'x', at: 0, until: null } as const

const an = (id: string, priority: Alarm['priority'], changes: Partial<CallablePart> = {}): CallablePart => ({
  id,
  priority,
  ack: null,
  suppression: null,
  closedAt: null,
  verdict: null,
  ...changes,
})

/** A desk whose clock the test moves; times are seconds since it opened. */
class Watch {
  state: HornState = SILENT
  readonly #wall: number
  #at = 0
  #link: Link = LIVE
  #alarms: readonly CallablePart[] | null = null

  constructor(wall = NOON, first: readonly CallablePart[] | null = []) {
    this.#wall = wall
    this.has(...(first ?? []))
    if (first === null) {
      this.#alarms = null
      this.state = SILENT
    }
  }
  get now(): Instant {
    return { mono: 5_000_000 + this.#at * 1000, wall: this.#wall + this.#at * 1000 }
  }
  at(seconds: number): this {
    this.#at = seconds
    return this.#hear()
  }
  has(...alarms: readonly CallablePart[]): this {
    this.#alarms = alarms
    return this.#hear()
  }
  link(link: Link): this {
    this.#link = link
    return this.#hear()
  }
  mute(): this {
    this.state = muted(this.state, this.now)
    return this
  }
  call(voice = false) {
    return decide(this.state, this.now, voice)
  }
  pattern() {
    return this.call()?.pattern ?? null
  }
  /** How often each pattern sounds from now until then, looked at every 250 ms. */
  heardUntil(seconds: number): Record<string, number> {
    const keys = new Map<string, string>()
    for (let at = this.#at; at < seconds; at += 0.25) {
      const call = this.at(at).call()
      if (call !== null) keys.set(call.key, call.pattern)
    }
    const counts: Record<string, number> = {}
    for (const pattern of keys.values()) counts[pattern] = (counts[pattern] ?? 0) + 1
    return counts
  }
  #hear(): this {
    const heard = { alarms: this.#alarms, link: this.#link, pageNow: this.now.wall }
    this.state = hear(this.state, heard, this.now)
    return this
  }
}

describe('one pattern a priority', () => {
  it('P1 sounds without a pause until it is taken, and grows louder after 30 s', () => {
    const desk = new Watch().has(an('a', 1))
    for (let at = 0; at < 600; at += 0.5) expect([at, desk.at(at).pattern()]).toEqual([at, 'p1'])
    expect(desk.heardUntil(660)).toEqual({ p1: 30 + 1 })
    const again = new Watch().has(an('a', 1))
    expect(again.at(LOUD_AFTER_MS / 1000 - 1).call()?.loud).toBe(false)
    expect(again.at(LOUD_AFTER_MS / 1000).call()?.loud).toBe(true)
    // A second one does not make the first one's wait any shorter.
    expect(again.has(an('a', 1), an('b', 1)).call()?.loud).toBe(true)
    expect(again.has(an('a', 1, { ack }), an('b', 1)).call()?.loud).toBe(false)
    expect(again.has(an('a', 1, { ack }), an('b', 1, { ack })).call()).toBeNull()
  })

  it('P1 is spoken between its tones, each alarm in turn, the newest first; without a voice the tone goes on', () => {
    const desk = new Watch().has(an('old', 1)).at(1).has(an('old', 1), an('new', 1))
    const said: (string | null)[] = []
    for (let at = 1; at < 25; at += 0.25) {
      const call = desk.at(at).call(true)
      if (call?.say !== said.at(-1)) said.push(call?.say ?? null)
      expect(desk.call(false)?.say).toBeNull()
    }
    expect(said).toEqual([null, 'new', null, 'old'])
  })

  it('P1 that was taken sounds again after ten minutes without a verdict, until there is one', () => {
    const at = VERDICT_WITHIN_MS / 1000
    const taken = an('a', 1, { ack: takenAt(NOON) })
    const desk = new Watch().has(taken)
    expect(desk.heardUntil(at)).toEqual({})
    expect(unverified(desk.state)).toEqual([])
    expect(desk.at(at).call(true)).toMatchObject({ pattern: 'p1', loud: false, say: null })
    expect(unverified(desk.state)).toEqual(['a'])
    expect(desk.at(at + 7).call(true)?.say).toBe('a')
    expect(desk.at(at + 31).call()?.loud).toBe(true)
    // Quiet for a while, but not for good.
    expect(desk.mute().heardUntil(at + 31 + MUTE_MS / 1000 - 1)).toEqual({})
    expect(desk.at(at + 32 + MUTE_MS / 1000).pattern()).toBe('p1')
    expect(desk.has({ ...taken, verdict: 'false' }).call()).toBeNull()
    expect(unverified(desk.state)).toEqual([])
    // What came anew must be taken anew, and then judged anew.
    expect(desk.has(an('a', 1)).pattern()).toBe('p1')
    expect(unverified(desk.state)).toEqual([])
  })

  it('waits for no verdict of what is suppressed, closed, less urgent, or judged in time', () => {
    const old = { ack: takenAt(NOON - VERDICT_WITHIN_MS) }
    const desk = new Watch().has(
      an('p2', 2, old),
      an('shelved', 1, { ...old, suppression: shelf }),
      an('closed', 1, { ...old, closedAt: NOON }),
      an('judged', 1, { ...old, verdict: 'real' }),
    )
    expect(desk.heardUntil(60)).toEqual({})
    // A page that was opened later does not wait another ten minutes.
    expect(new Watch(NOON, [an('late', 1, old)]).pattern()).toBe('p1')
  })

  it('P2 sounds three times, then once a minute, until it is taken', () => {
    const desk = new Watch().has(an('a', 2))
    expect(desk.heardUntil(59)).toEqual({ p2: 3 })
    expect(desk.heardUntil(60 * 5 + 30)).toEqual({ p2: 5 })
    expect(
      desk
        .at(360)
        .has(an('a', 2, { ack }))
        .heardUntil(500),
    ).toEqual({})
  })

  it('P3 chimes once when raised, however many come together', () => {
    const desk = new Watch().at(1).has(an('a', 3), an('b', 3))
    expect(desk.heardUntil(120)).toEqual({ p3: 1 })
    expect(desk.has(an('a', 3), an('b', 3), an('c', 3)).heardUntil(240)).toEqual({ p3: 1 })
  })

  it('P3 does not chime at night, nor when it was there before the page', () => {
    expect(new Watch(NIGHT).has(an('a', 3)).heardUntil(60)).toEqual({})
    expect(new Watch(NOON, [an('a', 3)]).heardUntil(60)).toEqual({})
    expect(new Watch(NIGHT).has(an('a', 1)).pattern()).toBe('p1')
    expect(new Watch(NIGHT).has(an('a', 2)).pattern()).toBe('p2')
  })

  it.each([
    ['21:59:59', Date.UTC(2026, 10, 21, 13, 59, 59), false],
    ['22:00', Date.UTC(2026, 10, 21, 14), true],
    ['00:00', Date.UTC(2026, 10, 21, 16), true],
    ['05:59:59', Date.UTC(2026, 10, 21, 21, 59, 59), true],
    ['06:00', Date.UTC(2026, 10, 21, 22), false],
  ])('the night in Beijing: %s', (_, wall, night) => {
    expect(isNight(wall)).toBe(night)
  })

  it('P4 never sounds', () => {
    expect(new Watch().has(an('a', 4)).heardUntil(120)).toEqual({})
  })

  it('the most urgent wins, and the rest is heard once it is taken', () => {
    const desk = new Watch().has(an('a', 1), an('b', 2), an('c', 3))
    expect(desk.pattern()).toBe('p1')
    expect(desk.has(an('a', 1, { ack }), an('b', 2), an('c', 3)).pattern()).toBe('p2')
  })

  it('one that was there before the page calls too, from then on', () => {
    expect(new Watch(NOON, [an('a', 1)]).pattern()).toBe('p1')
    expect(new Watch(NOON, [an('a', 2)]).heardUntil(50)).toEqual({ p2: 3 })
  })

  it('one that becomes more urgent calls anew, and one that returns without being taken goes on', () => {
    const desk = new Watch().has(an('a', 2))
    expect(desk.at(30).pattern()).toBeNull()
    expect(desk.has(an('a', 1)).pattern()).toBe('p1')
    expect(desk.at(60).has(an('a', 2)).heardUntil(89)).toEqual({})
  })

  it('one that comes again after it was taken calls anew', () => {
    const desk = new Watch().has(an('a', 2)).at(5)
    expect(desk.has(an('a', 2, { ack })).pattern()).toBeNull()
    expect(desk.at(100).has(an('a', 2)).heardUntil(150)).toEqual({ p2: 3 })
  })

  it('says nothing before the first list has come', () => {
    const desk = new Watch(NOON, null)
    expect(desk.at(20).pattern()).toBeNull()
    expect(desk.has(an('a', 3)).pattern()).toBeNull()
  })

  it('G5: what is suppressed does not sound, and does again when it is not', () => {
    const desk = new Watch().has(an('a', 1, { suppression: shelf }))
    expect(desk.heardUntil(60)).toEqual({})
    expect(desk.has(an('a', 1)).pattern()).toBe('p1')
  })
})

describe('消音', () => {
  it('lasts three minutes and no longer', () => {
    const desk = new Watch().has(an('a', 1)).at(5).mute()
    expect(desk.heardUntil(5 + MUTE_MS / 1000)).toEqual({})
    expect(desk.at(5 + MUTE_MS / 1000).pattern()).toBe('p1')
  })

  it('ends by the wall clock too, when the machine slept', () => {
    const desk = new Watch().has(an('a', 1)).mute()
    const { mono, wall } = desk.now
    const woken = { mono: mono + 1000, wall: wall + MUTE_MS }
    expect(decide(hear(desk.state, { alarms: [an('a', 1)], link: LIVE, pageNow: wall }, woken), woken, false)).not.toBe(
      null,
    )
  })

  it.each([
    ['P1', 1, 1, true],
    ['P2', 2, 1, true],
    ['P2', 2, 2, true],
    ['P2', 2, 3, false],
    ['P1', 1, 2, false],
    ['P1', 1, 3, false],
  ] as const)('of a %s (%i): a new P%i ends it: %s', (_, level, raised, ends) => {
    const desk = new Watch().has(an('a', level)).mute().at(10)
    desk.has(an('a', level), an('b', raised))
    expect(desk.call() !== null).toBe(ends)
    expect(desk.state.mute === null).toBe(ends)
  })

  it('that was ended does not come back when what ended it is taken', () => {
    const desk = new Watch().has(an('a', 1)).mute().at(10)
    desk.has(an('a', 1), an('b', 1)).has(an('a', 1), an('b', 1, { ack }))
    expect(desk.at(11).pattern()).toBe('p1')
  })

  it('changes nothing when nothing calls', () => {
    const desk = new Watch().has(an('a', 4)).mute()
    expect(desk.state.mute).toBeNull()
    expect(loudest(desk.state, desk.now)).toBeNull()
  })
})

describe('a dead link', () => {
  const down = (since: number): Link => ({ phase: 'disconnected', since })

  it('sounds locally after 15 s, every ten seconds, until it is back', () => {
    const desk = new Watch().link(down(NOON))
    expect(desk.heardUntil(15)).toEqual({})
    expect(desk.heardUntil(45)).toEqual({ link: 3 })
    expect(desk.link({ phase: 'catching_up', behind: 1 }).heardUntil(90)).toEqual({})
  })

  it('counts from when the hub was last heard', () => {
    expect(new Watch().link(down(NOON - 15_000)).pattern()).toBe('link')
  })

  it('does not hush what called before it broke, and is not asked for leave by a P2', () => {
    const desk = new Watch().has(an('a', 1)).at(1).link(down(NOON))
    expect(desk.at(60).pattern()).toBe('p1')
    const other = new Watch().has(an('a', 2)).link(down(NOON - 15_000))
    expect(other.pattern()).toBe('link')
    expect(other.at(5).pattern()).toBe('p2')
  })

  it('can be muted as a P2 can', () => {
    const desk = new Watch().link(down(NOON - 15_000)).mute()
    expect(desk.heardUntil(60)).toEqual({})
    expect(desk.has(an('a', 3)).pattern()).toBeNull()
    expect(desk.has(an('a', 2)).state.mute).toBeNull()
  })
})

describe('words and tones', () => {
  it.each([
    ['blocked', { audio: 'blocked', mutedUntil: 1, armed: false }],
    ['stalled', { audio: 'stalled', mutedUntil: null, armed: false }],
    ['missing', { audio: 'missing', mutedUntil: null, armed: false }],
    ['muted', { audio: 'running', mutedUntil: 1, armed: true }],
    ['armed', { audio: 'running', mutedUntil: null, armed: true }],
    ['unchecked', { audio: 'running', mutedUntil: null, armed: false }],
  ] as const)('%s', (word, facts) => {
    expect(hornWord(facts)).toBe(word)
  })

  it('no pattern outlasts its turn, no note overlaps the next', () => {
    const turns = { p1: 2, p2: 3, p3: 1.5, link: 1.5 }
    for (const pattern of ['p1', 'p2', 'p3', 'link'] as const)
      for (const { at, seconds } of TONES[pattern]) expect(at + seconds).toBeLessThanOrEqual(turns[pattern])
    expect([2, 3, 4, 5].map((count) => checkBeeps(count).length)).toEqual([2, 3, 4, 5])
  })
})

describe('first steps', () => {
  beforeAll(() => fetchLanguage('en'))
  it.each([
    ['gas', 'gas_lel', 'steps.gas.say'],
    ['gas', 'co_ppm', 'steps.gas.say'],
    ['fire', 'smoke', 'steps.fire.119'],
    ['fire', 'heat_alarm', 'steps.fire.119'],
    ['fire', 'water_pressure', null],
    ['electrical', 'arc_fault', 'steps.circuit.off'],
    ['electrical', 'residual_current', 'steps.circuit.off'],
    ['electrical', 'temperature', 'steps.circuit.off'],
    ['electrical', 'voltage', null],
    ['offline', 'silent', null],
    ['maintenance', 'temperature', null],
  ] as const)('%s %s', (category, signal, first) => {
    const [said] = defaultSteps({ category, signal })
    expect(said ?? null).toEqual(first === null ? null : { zh: textOf('zh', first), en: textOf('en', first) })
  })
})
