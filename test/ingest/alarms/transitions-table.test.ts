// Every cell of the alarm's life, written here a second time from ISA-18.2 and the promises, and applied for real.
import { describe, expect, it } from 'vitest'
import { apply, standingOf } from '../../../ingest/alarms/alarm.ts'
import { compileRules } from '../../../ingest/alarms/compile.ts'
import { initialState } from '../../../ingest/alarms/state.ts'
import type { Grade } from '../../../ingest/alarms/state.ts'
import { STANDINGS, STIMULI } from '../../../ingest/alarms/transitions-table.ts'
import type { Standing, Stimulus } from '../../../ingest/alarms/transitions-table.ts'
import { begin, open } from '../../../ingest/alarms/work.ts'
import type { OpenTrack, Work } from '../../../ingest/alarms/work.ts'
import { EPOCH, profileOf, rulesFor } from '../../stories/story.ts'

// `·` nothing happens · `!word` refused · else the standing afterwards and what is told.
// Two letters: n none, a active, r returned, l latched, f frozen; o owed, g given, w waived (P4).
const MATRIX = `
                occur          worsen             ease               return                 return_latched late           late_worse         acknowledge                reset               freeze     thaw         verify       withdraw   resurface
none            ao+raised      ·                  ·                  ·                      ·              lo+raised      lo+raised          !not_found                 !not_found          ·          ·            !not_found   ·          ·
active_owed     ·              ao+level_changed   ao+level_changed   ro+returned            lo+returned    ·              ao+level_changed   ag+acknowledged            !still_active       fo+frozen  ·            !not_frozen  n+closed   ·
active_given    ·              ao+level_changed   ag+level_changed   n+returned+closed      lg+returned    ·              ao+level_changed   !already_acknowledged      !still_active       fg+frozen  ·            !not_frozen  n+closed   ao
active_waived   ·              ao+level_changed   aw+level_changed   n+returned+closed      lw+returned    ·              ao+level_changed   ag+acknowledged            !still_active       fw+frozen  ·            !not_frozen  n+closed   ·
returned_owed   ao+re_raised   ·                  ·                  ·                      ·              lo+re_raised   lo+re_raised       n+acknowledged+closed      !not_latched        ·          ·            !not_frozen  n+closed   ·
latched_owed    ao+re_raised   ·                  ·                  ·                      ·              ·              lo+level_changed   lg+acknowledged            !unacknowledged     ·          ·            !not_frozen  n+closed   ·
latched_given   ao+re_raised   ·                  ·                  ·                      ·              lo+re_raised   lo+level_changed   !already_acknowledged      n+reset+closed      ·          ·            !not_frozen  n+closed   ·
latched_waived  ao+re_raised   ·                  ·                  ·                      ·              ·              lo+level_changed   lg+acknowledged            n+reset+closed      ·          ·            !not_frozen  n+closed   ·
frozen_owed     ·              ·                  ·                  ·                      ·              ·              fo+level_changed   fg+acknowledged            !still_active       ·          ao+unfrozen  n+closed     n+closed   ·
frozen_given    ·              ·                  ·                  ·                      ·              ·              fo+level_changed   !already_acknowledged      !still_active       ·          ag+unfrozen  n+closed     n+closed   fo
frozen_waived   ·              ·                  ·                  ·                      ·              ·              fo+level_changed   fg+acknowledged            !still_active       ·          aw+unfrozen  n+closed     n+closed   ·
`

const NAMES: Record<string, string> = {
  a: 'active',
  r: 'returned',
  l: 'latched',
  f: 'frozen',
  o: 'owed',
  g: 'given',
  w: 'waived',
}
const PERSON = { id: 'u1', name: '值班员' }
const RULE = 'gas.gas_lel'
const SEVERE: Grade = { level: 'warn', priority: 2, latch: true, limit: 10, title: null }
const SLIGHT: Grade = { level: 'info', priority: 4, latch: true, limit: 5, title: null }

/** Brings a fresh alarm to a standing by the shortest way. */
const WAYS: Record<Standing, readonly Stimulus[]> = {
  none: [],
  active_owed: ['occur'],
  active_given: ['occur', 'acknowledge'],
  active_waived: ['occur'],
  returned_owed: ['occur', 'return'],
  latched_owed: ['occur', 'return_latched'],
  latched_given: ['occur', 'acknowledge', 'return_latched'],
  latched_waived: ['occur', 'return_latched'],
  frozen_owed: ['occur', 'freeze'],
  frozen_given: ['occur', 'acknowledge', 'freeze'],
  frozen_waived: ['occur', 'freeze'],
}

const GRADED: readonly Stimulus[] = ['occur', 'worsen', 'late', 'late_worse']

function stimulate(work: Work, track: OpenTrack, stimulus: Stimulus, grade: Grade): string | null {
  const cause = { reason: 'human', sampleTs: null, at: EPOCH, by: PERSON } as const
  return apply(work, track, work.rules.byId.get(RULE), stimulus, cause, GRADED.includes(stimulus) ? grade : undefined)
}

function outcome(standing: Standing, stimulus: Stimulus): string {
  const rules = compileRules(profileOf('gas'), rulesFor('gas'))
  const work = begin(rules, initialState(rules.profile, EPOCH), EPOCH)
  const track = open(work, RULE, '')
  for (const way of WAYS[standing]) stimulate(work, track, way, standing.endsWith('waived') ? SLIGHT : SEVERE)
  expect(standingOf(track)).toBe(standing)
  const before = JSON.stringify(track)
  const wasTaken = track.alarm?.ack != null
  const told = work.transitions.length

  const refusal = stimulate(work, track, stimulus, SEVERE)
  const tells = work.transitions.slice(told).map((t) => t.type)
  if (refusal) {
    expect(JSON.stringify(track), 'a refusal changes nothing').toBe(before)
    return `!${refusal}`
  }
  const end = work.transitions.at(-1)?.alarm
  if (end?.closedAt != null)
    expect(end.ack !== null, 'an end keeps who took it').toBe(wasTaken || stimulus === 'acknowledge')
  if (tells.length === 0 && JSON.stringify(track) === before) return '·'
  return [standingOf(track), ...tells].join('+')
}

const spelled = (cell: string): string => {
  if (cell === '·' || cell.startsWith('!')) return cell
  const [short = '', ...tells] = cell.split('+')
  const standing = short === 'n' ? 'none' : [...short].map((letter) => NAMES[letter]).join('_')
  return [standing, ...tells].join('+')
}

describe('the table of an alarm’s life', () => {
  const [head = '', ...rows] = MATRIX.split('\n').filter((line) => line.trim() !== '')
  const columns = head.trim().split(/\s+/)

  it('has every standing and every stimulus', () => {
    expect(columns).toEqual([...STIMULI])
    expect(rows.map((row) => row.split(/\s+/)[0])).toEqual([...STANDINGS])
  })

  for (const standing of STANDINGS) {
    const cells =
      rows
        .find((row) => row.startsWith(`${standing} `))
        ?.split(/\s+/)
        .slice(1) ?? []
    it.each(STIMULI.map((stimulus, i) => [stimulus, spelled(cells[i] ?? '')] as const))(
      `${standing}: %s → %s`,
      (stimulus, expected) => expect(outcome(standing, stimulus)).toBe(expected),
    )
  }
})
