// What comes several times, and what comes together at one site: the same alarm gets worse, never a second one.
import { describe } from 'vitest'
import { siteStory, story } from './story.ts'

/** Heard once a day, so that no silence comes between. */
const DAILY = { reportEverySeconds: 86_400 } as const
const ROOM = { ...DAILY, position: 'final', rcdMa: 30 } as const

describe('several of one event', () => {
  story('Two arcs in ten minutes are two; the third makes the alarm urgent, and it must be acknowledged again.', {
    kind: 'electricity',
    attributes: DAILY,
    steps: `
      0:00 !arc_fault
      5:00 !arc_fault
      6:00 ack
      10:00 !arc_fault
      10:05 again
    `,
    expect: `
      0:00  raised        momentary arc_fault alarm P2 active
      0:00  returned      momentary arc_fault alarm P2 latched
      5:00  re_raised     momentary arc_fault alarm P2 active  ×2
      5:00  returned      momentary arc_fault alarm P2 latched ×2
      6:00  acknowledged  human     arc_fault alarm P2 latched acked ×2
      10:00 re_raised     repeated  arc_fault high  P1 active  ×3
      10:00 returned      momentary arc_fault high  P1 latched ×3
    `,
  })

  story('Three arcs within a little more than ten minutes stay severe.', {
    kind: 'electricity',
    attributes: DAILY,
    steps: `
      0:00  !arc_fault
      5:00  !arc_fault
      10:01 !arc_fault
    `,
    expect: `
      0:00  raised    momentary arc_fault alarm P2 active
      0:00  returned  momentary arc_fault alarm P2 latched
      5:00  re_raised momentary arc_fault alarm P2 active  ×2
      5:00  returned  momentary arc_fault alarm P2 latched ×2
      10:01 re_raised momentary arc_fault alarm P2 active  ×3
      10:01 returned  momentary arc_fault alarm P2 latched ×3
    `,
  })

  story('A reset between the arcs does not make the third a first one: a new alarm, urgent at once.', {
    kind: 'electricity',
    attributes: DAILY,
    steps: `
      0:00 !arc_fault
      1:00 !arc_fault
      2:00 ack
      2:10 reset
      3:00 !arc_fault
    `,
    expect: `
      0:00 raised       momentary arc_fault alarm P2 active
      0:00 returned     momentary arc_fault alarm P2 latched
      1:00 re_raised    momentary arc_fault alarm P2 active  ×2
      1:00 returned     momentary arc_fault alarm P2 latched ×2
      2:00 acknowledged human     arc_fault alarm P2 latched acked ×2
      2:10 reset        human     arc_fault alarm P2 normal  acked ×2
      2:10 closed       acknowledged_and_normal arc_fault alarm P2 normal acked ×2
      3:00 raised       repeated  arc_fault high  P1 active
      3:00 returned     momentary arc_fault high  P1 latched
    `,
  })

  story('The arc in the middle comes last: it was the third all the same.', {
    kind: 'electricity',
    attributes: DAILY,
    steps: `
      0:00 !arc_fault
      8:00 !arc_fault
      8:30 !arc_fault @4:00
    `,
    expect: `
      0:00 raised        momentary arc_fault alarm P2 active
      0:00 returned      momentary arc_fault alarm P2 latched
      8:00 re_raised     momentary arc_fault alarm P2 active  ×2
      8:00 returned      momentary arc_fault alarm P2 latched ×2
      8:30 level_changed late      arc_fault high  P1 latched ×2
    `,
  })

  story('The RCD of a room trips twice in a day: severe, until it is closed again.', {
    kind: 'electricity',
    attributes: ROOM,
    steps: `
      0:00     !breaker_tripped cause=residual by=auto
      1:00     !breaker_reclosed
      1:30     ack
      20:00:00 !breaker_tripped cause=residual by=auto
      20:01:00 !breaker_reclosed
    `,
    expect: `
      0:00     raised       device_flag    breaker_tripped warn  P3 active
      1:00     returned     device_cleared breaker_tripped warn  P3 normal
      1:30     acknowledged human          breaker_tripped warn  P3 normal acked
      1:30     closed       acknowledged_and_normal breaker_tripped warn P3 normal acked
      20:00:00 raised       repeated       breaker_tripped alarm P2 active
      20:01:00 returned     device_cleared breaker_tripped alarm P2 normal
    `,
  })

  story('Not closed again in between, the same alarm rises; a short circuit is no trip of the RCD.', {
    kind: 'electricity',
    attributes: ROOM,
    steps: `
      0:00 !breaker_tripped cause=residual
      0:10 !breaker_tripped cause=short_circuit
      0:20 !breaker_tripped cause=residual
      0:30 !breaker_reclosed
    `,
    expect: `
      0:00 raised        device_flag    breaker_tripped warn  P3 active
      0:20 level_changed repeated       breaker_tripped alarm P2 active
      0:30 returned      device_cleared breaker_tripped alarm P2 normal
    `,
  })

  story(
    'The first of two trips arrives late, while the second stands: the alarm rises; an older closing ends nothing.',
    {
      kind: 'electricity',
      attributes: ROOM,
      steps: `
      10:00 !breaker_tripped cause=residual
      10:10 !breaker_tripped cause=residual @2:00
      10:20 !breaker_reclosed @5:00
      10:30 !breaker_reclosed
    `,
      expect: `
      10:00 raised        device_flag    breaker_tripped warn  P3 active
      10:10 level_changed repeated       breaker_tripped alarm P2 active
      10:30 returned      device_cleared breaker_tripped alarm P2 normal
    `,
    },
  )

  story('On an incoming line an RCD does not protect a person’s room: its trips are not counted.', {
    kind: 'electricity',
    attributes: { ...ROOM, position: 'incoming' },
    steps: `
      0:00 !breaker_tripped cause=residual
      0:10 !breaker_tripped cause=residual
    `,
    expect: `0:00 raised device_flag breaker_tripped warn P3 active`,
  })

  story('Trips on two days are two accidents.', {
    kind: 'electricity',
    attributes: ROOM,
    steps: `
      0:00     !breaker_tripped cause=residual
      24:00:01 !breaker_tripped cause=residual
    `,
    expect: `0:00 raised device_flag breaker_tripped warn P3 active`,
  })
})

const HOUSE = { meter: { kind: 'electricity', attributes: DAILY }, smoke: { kind: 'smoke' } } as const

describe('together at one site', () => {
  siteStory('An arc, and twenty seconds later smoke in the same house: both urgent, two alarms and no third.', {
    devices: HOUSE,
    steps: `
      5:00 meter: !arc_fault channel=a
      5:10 meter: ack
      5:20 smoke: !smoke_alarm
      5:30 smoke: again
    `,
    expect: `
      5:00 meter: raised        momentary     arc_fault_a alarm P2 active
      5:00 meter: returned      momentary     arc_fault_a alarm P2 latched
      5:10 meter: acknowledged  human         arc_fault_a alarm P2 latched acked
      5:20 smoke: raised        device_flag   smoke alarm P1 active
      5:20 meter: level_changed corroboration arc_fault_a high P1 latched
    `,
  })

  siteStory('Smoke first, then the arc while it stands, however long it has stood.', {
    devices: HOUSE,
    steps: `
      0:00  smoke: smoke=1
      50:00 meter: !arc_fault
      51:00 meter: !arc_fault
    `,
    expect: `
      0:00  smoke: raised        threshold     smoke alarm P1 active
      50:00 meter: raised        momentary     arc_fault alarm P2 active
      50:00 meter: returned      momentary     arc_fault alarm P2 latched
      50:00 meter: level_changed corroboration arc_fault high  P1 latched
      51:00 meter: re_raised     momentary     arc_fault high  P1 active  ×2
      51:00 meter: returned      momentary     arc_fault high  P1 latched ×2
    `,
  })

  siteStory('Five minutes are five minutes, before the smoke and after it.', {
    devices: { ...HOUSE, other: HOUSE.meter },
    steps: `
      0:00  meter: !arc_fault
      0:01  other: !arc_fault
      5:01  smoke: smoke=1
      6:00  smoke: smoke=0
      13:00 end
    `,
    expect: `
      0:00 meter: raised        momentary         arc_fault alarm P2 active
      0:00 meter: returned      momentary         arc_fault alarm P2 latched
      0:01 other: raised        momentary         arc_fault alarm P2 active
      0:01 other: returned      momentary         arc_fault alarm P2 latched
      5:01 smoke: raised        threshold         smoke alarm P1 active
      5:01 other: level_changed corroboration     arc_fault high P1 latched
      7:00 smoke: returned      off_delay_elapsed smoke alarm P1 latched
    `,
  })

  siteStory(
    'The smoke is over, acknowledged and reset: an arc within five minutes of it still counts, a later one not.',
    {
      devices: { ...HOUSE, other: HOUSE.meter },
      steps: `
      0:00  smoke: !smoke_alarm
      1:00  smoke: !smoke_cleared
      2:10  smoke: ack
      2:20  smoke: reset
      7:00  meter: !arc_fault
      7:01  other: !arc_fault
    `,
      expect: `
      0:00 smoke: raised        device_flag       smoke alarm P1 active
      2:00 smoke: returned      off_delay_elapsed smoke alarm P1 latched
      2:10 smoke: acknowledged  human             smoke alarm P1 latched acked
      2:20 smoke: reset         human             smoke alarm P1 normal  acked
      2:20 smoke: closed        acknowledged_and_normal smoke alarm P1 normal acked
      7:00 meter: raised        momentary         arc_fault alarm P2 active
      7:00 meter: returned      momentary         arc_fault alarm P2 latched
      7:00 meter: level_changed corroboration     arc_fault high P1 latched
      7:01 other: raised        momentary         arc_fault alarm P2 active
      7:01 other: returned      momentary         arc_fault alarm P2 latched
    `,
    },
  )

  siteStory('Its own cable above 70 ℃ is heat; warm is not. What was shelved is shelved no longer.', {
    devices: { meter: HOUSE.meter },
    steps: `
      0:00 meter: !arc_fault
      0:05 meter: shelve 1:00:00
      0:10 meter: temperature_a=65
      0:50 meter: temperature_a=65
      1:00 meter: temperature_a=72
      1:10 meter: temperature_a=72
    `,
    expect: `
      0:00 meter: raised        momentary        arc_fault alarm P2 active
      0:00 meter: returned      momentary        arc_fault alarm P2 latched
      0:05 meter: shelved       human            arc_fault alarm P2 latched shelved
      0:40 meter: raised        on_delay_elapsed temperature_a warn  P3 active
      1:10 meter: level_changed level_risen      temperature_a alarm P2 active
      1:10 meter: level_changed corroboration    arc_fault high P1 latched shelved
      1:10 meter: unshelved     level_risen      arc_fault high P1 latched
    `,
  })

  siteStory(
    'Smoke that was measured before the arc and arrives after it; an arc that arrives a day late beside its smoke.',
    {
      devices: { ...HOUSE, other: HOUSE.meter },
      steps: `
      10:00 smoke: smoke=0
      10:01 meter: !arc_fault
      10:30 smoke: smoke=1 @6:00
      20:00:00 other: !arc_fault @9:00
    `,
      expect: `
      10:01 meter: raised        momentary     arc_fault alarm P2 active
      10:01 meter: returned      momentary     arc_fault alarm P2 latched
      10:30 smoke: raised        late          smoke alarm P1 latched
      10:30 meter: level_changed corroboration arc_fault high P1 latched
      20:00:00 other: raised        momentary     arc_fault alarm P2 active
      20:00:00 other: returned      momentary     arc_fault alarm P2 latched
      20:00:00 other: level_changed corroboration arc_fault high P1 latched
    `,
    },
  )

  siteStory('An arc that was reset before the smoke concerns nobody; neither does it when the next one comes.', {
    devices: HOUSE,
    steps: `
      0:00  meter: !arc_fault
      0:10  meter: ack
      0:20  meter: reset
      1:00  smoke: smoke=1
      1:10  smoke: smoke=0
      30:00 meter: !arc_fault
    `,
    expect: `
      0:00  meter: raised       momentary         arc_fault alarm P2 active
      0:00  meter: returned     momentary         arc_fault alarm P2 latched
      0:10  meter: acknowledged human             arc_fault alarm P2 latched acked
      0:20  meter: reset        human             arc_fault alarm P2 normal  acked
      0:20  meter: closed       acknowledged_and_normal arc_fault alarm P2 normal acked
      1:00  smoke: raised       threshold         smoke alarm P1 active
      2:10  smoke: returned     off_delay_elapsed smoke alarm P1 latched
      30:00 meter: raised       momentary         arc_fault alarm P2 active
      30:00 meter: returned     momentary         arc_fault alarm P2 latched
    `,
  })

  siteStory('A third arc had made it urgent already: smoke adds its own alarm and nothing else.', {
    devices: HOUSE,
    steps: `
      0:00..2:00/60 meter: !arc_fault
      2:10 smoke: smoke=1
    `,
    expect: `
      0:00 meter: raised    momentary arc_fault alarm P2 active
      0:00 meter: returned  momentary arc_fault alarm P2 latched
      1:00 meter: re_raised momentary arc_fault alarm P2 active  ×2
      1:00 meter: returned  momentary arc_fault alarm P2 latched ×2
      2:00 meter: re_raised repeated  arc_fault high  P1 active  ×3
      2:00 meter: returned  momentary arc_fault high  P1 latched ×3
      2:10 smoke: raised    threshold smoke alarm P1 active
    `,
  })
})
