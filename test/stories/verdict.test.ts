// 核实结论: what an alarm turned out to be. It moves nothing else, and holds for what was looked at.
import { describe } from 'vitest'
import { siteStory, story } from './story.ts'

describe('verdict', () => {
  story('Smoke from a kitchen: taken, judged a false alarm with its cause, reset. The verdict stays with the alarm.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      0:20 ack
      4:00 verdict false
      5:00 smoke=0
      7:00 reset
    `,
    expect: `
      0:00 raised       threshold smoke alarm P1 active
      0:20 acknowledged human     smoke alarm P1 active acked
      4:00 verdict      human     smoke alarm P1 active acked false(油烟)
      6:00 returned     off_delay_elapsed smoke alarm P1 latched acked false(油烟)
      7:00 reset        human     smoke alarm P1 normal acked false(油烟)
      7:00 closed       acknowledged_and_normal smoke alarm P1 normal acked false(油烟)
    `,
  })

  story('A verdict is no acknowledgement; a second one replaces the first, and its cause with it.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      1:00 verdict false
      2:00 verdict real
      3:00 ack
    `,
    expect: `
      0:00 raised       threshold smoke alarm P1 active
      1:00 verdict      human     smoke alarm P1 active false(油烟)
      2:00 verdict      human     smoke alarm P1 active real
      3:00 acknowledged human     smoke alarm P1 active acked real
    `,
  })

  story('What comes again, or gets worse, must be looked at again.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=11
      0:10 ack
      0:20 verdict test
      0:30 gas_lel=26
      0:40 verdict real
      1:00 gas_lel=0
      2:00 gas_lel=0
      3:00 gas_lel=30
    `,
    expect: `
      0:00 raised        threshold   gas_lel warn  P2 active
      0:10 acknowledged  human       gas_lel warn  P2 active acked
      0:20 verdict       human       gas_lel warn  P2 active acked test
      0:30 level_changed level_risen gas_lel alarm P1 active
      0:40 verdict       human       gas_lel alarm P1 active real
      2:00 returned      off_delay_elapsed gas_lel alarm P1 latched real
      3:00 re_raised     threshold   gas_lel alarm P1 active ×2
    `,
  })

  siteStory('An arc that was judged a drill’s brush motor is judged again when smoke comes.', {
    devices: { meter: { kind: 'electricity' }, smoke: { kind: 'smoke' } },
    steps: `
      0:00 meter: !arc_fault
      0:10 meter: ack
      0:20 meter: verdict false
      0:30 smoke: smoke=1
    `,
    expect: `
      0:00 meter: raised        momentary arc_fault alarm P2 active
      0:00 meter: returned      momentary arc_fault alarm P2 latched
      0:10 meter: acknowledged  human     arc_fault alarm P2 latched acked
      0:20 meter: verdict       human     arc_fault alarm P2 latched acked false(油烟)
      0:30 smoke: raised        threshold smoke alarm P1 active
      0:30 meter: level_changed corroboration arc_fault high P1 latched
    `,
  })

  story('It survives a shelf and its end, which ask for the acknowledgement alone.', {
    kind: 'access',
    steps: `
      0:00 !door_forced
      0:10 ack
      0:20 verdict maintenance
      0:30 shelve 10:00
      1:00 unshelve
    `,
    expect: `
      0:00 raised       device_flag door_forced warn P3 active
      0:10 acknowledged human       door_forced warn P3 active acked
      0:20 verdict      human       door_forced warn P3 active acked maintenance
      0:30 shelved      human       door_forced warn P3 active acked maintenance shelved
      1:00 unshelved    human       door_forced warn P3 active maintenance
    `,
  })

  story('After the alarm is closed there is nothing left to judge here.', {
    kind: 'access',
    steps: `
      0:00 !door_forced
      0:10 ack
      1:00 !door_forced_cleared
      2:00 reset
      2:10 verdict real
    `,
    expect: `
      0:00 raised       device_flag door_forced warn P3 active
      0:10 acknowledged human       door_forced warn P3 active acked
      1:30 returned     off_delay_elapsed door_forced warn P3 latched acked
      2:00 reset        human       door_forced warn P3 normal acked
      2:00 closed       acknowledged_and_normal door_forced warn P3 normal acked
      2:10 refused      closed
    `,
  })
})
