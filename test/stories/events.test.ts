// Events: pairs, momentary ones, those that are only logged; and 0/1 metrics that say the same.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('events', () => {
  story('A breaker trips and is reclosed: the pair raises and returns.', {
    kind: 'electricity',
    steps: `
      0:00 !breaker_tripped cause=overload by=local
      2:00 !breaker_reclosed
      3:00 ack
    `,
    expect: `
      0:00 raised       device_flag    breaker_tripped warn P3 active
      2:00 returned     device_cleared breaker_tripped warn P3 normal
      3:00 acknowledged human          breaker_tripped warn P3 normal acked
      3:00 closed       acknowledged_and_normal breaker_tripped warn P3 normal acked
    `,
  })

  story('At a critical site the same trip is severe.', {
    kind: 'electricity',
    attributes: { critical: true },
    steps: `0:00 !breaker_tripped cause=overload by=local`,
    expect: `0:00 raised device_flag breaker_tripped alarm P2 active`,
  })

  story('A short circuit holds nothing: active, then at once returned, waiting for somebody to see it.', {
    kind: 'electricity',
    steps: `0:00 !short_circuit`,
    expect: `
      0:00 raised   momentary breaker_tripped warn P3 active
      0:00 returned momentary breaker_tripped warn P3 normal
    `,
  })

  story('An arc is over at once and stays latched; a second one raises it again, a repeated message does not.', {
    kind: 'electricity',
    steps: `
      0:00 !arc_fault channel=a
      0:01 again
      1:00 ack
      2:00 !arc_fault channel=a
    `,
    expect: `
      0:00 raised       momentary arc_fault_a alarm P2 active
      0:00 returned     momentary arc_fault_a alarm P2 latched
      1:00 acknowledged human     arc_fault_a alarm P2 latched acked
      2:00 re_raised    momentary arc_fault_a alarm P2 active  ×2
      2:00 returned     momentary arc_fault_a alarm P2 latched ×2
    `,
  })

  story('A setting changed by the hub is P4 and closes by itself; changed on the spot it is P3 and waits.', {
    kind: 'gas',
    steps: `
      0:00 !setting_changed name=low from=10 to=12 by=hub
      1:00 !setting_changed name=low from=12 to=25 by=local
    `,
    expect: `
      0:00 raised   momentary    setting_changed info P4 active
      0:00 returned momentary    setting_changed info P4 normal
      0:00 closed   not_required setting_changed info P4 normal
      1:00 raised   momentary    setting_changed warn P3 active
      1:00 returned momentary    setting_changed warn P3 normal
    `,
  })

  story('Log events raise nothing.', {
    kind: 'access',
    steps: `
      0:00 !access_granted credential=face
      0:10 !access_denied credential=card reason=expired
      0:20 !restarted by=local
      0:30 !fire_release
    `,
    expect: ``,
  })

  story('A failed self-test is a fault until one succeeds.', {
    kind: 'smoke',
    steps: `
      0:00 !self_test ok=true
      1:00 !self_test ok=false
      2:00 !self_test ok=true
    `,
    expect: `
      1:00 raised   device_flag    fault warn P3 active
      2:00 returned device_cleared fault warn P3 normal
    `,
  })

  story('Two parts are faulty: one alarm, which returns when both are repaired.', {
    kind: 'gas',
    steps: `
      0:00 !fault part=sensor code=1
      1:00 !fault part=valve code=2
      2:00 !fault_cleared part=sensor
      3:00 !fault_cleared part=valve
    `,
    expect: `
      0:00 raised   device_flag    fault warn P3 active
      3:00 returned device_cleared fault warn P3 normal
    `,
  })

  story('A return that names no part returns them all.', {
    kind: 'gas',
    steps: `
      0:00 !fault part=sensor
      0:10 !fault part=valve
      1:00 !fault_cleared
    `,
    expect: `
      0:00 raised   device_flag    fault warn P3 active
      1:00 returned device_cleared fault warn P3 normal
    `,
  })

  story('A door is forced: latched until reset, though it is shut again.', {
    kind: 'access',
    steps: `
      0:00 !door_forced
      0:20 !door_forced_cleared
      1:00 ack
      2:00 reset
    `,
    expect: `
      0:00 raised       device_flag       door_forced warn P3 active
      0:50 returned     off_delay_elapsed door_forced warn P3 latched
      1:00 acknowledged human             door_forced warn P3 latched acked
      2:00 reset        human             door_forced warn P3 normal acked
      2:00 closed       acknowledged_and_normal door_forced warn P3 normal acked
    `,
  })

  story('A door is propped open: P4 after two minutes, P3 after ten, quiet when it is shut.', {
    kind: 'access',
    steps: `
      0:00..11:00/60  door_open=1
      11:30           door_open=0
      12:00           ack
    `,
    expect: `
      2:00  raised        on_delay_elapsed  door_open warn  P4 active
      10:00 level_changed level_risen       door_open alarm P3 active
      11:35 returned      off_delay_elapsed door_open alarm P3 normal
      12:00 acknowledged  human             door_open alarm P3 normal acked
      12:00 closed        acknowledged_and_normal door_open alarm P3 normal acked
    `,
  })

  story('The patience for a propped door is an attribute of the device.', {
    kind: 'access',
    attributes: { heldAfterSeconds: 30 },
    steps: `
      0:00  door_open=1
      0:40  door_open=0
      1:00  end
    `,
    expect: `
      0:30 raised   on_delay_elapsed  door_open warn P4 active
      0:45 returned off_delay_elapsed door_open warn P4 normal
      0:45 closed   not_required      door_open warn P4 normal
    `,
  })

  story('Smoke is told by event and by metric: one alarm, and either side of the pair is confirmed by the metric.', {
    kind: 'smoke',
    steps: `
      0:00 !smoke_alarm
      0:05 smoke=1
      2:00 smoke=0
      3:00 ack
      3:10 reset
    `,
    expect: `
      0:00 raised       device_flag       smoke alarm P1 active
      3:00 returned     off_delay_elapsed smoke alarm P1 latched
      3:00 acknowledged human             smoke alarm P1 latched acked
      3:10 reset        human             smoke alarm P1 normal  acked
      3:10 closed       acknowledged_and_normal smoke alarm P1 normal acked
    `,
  })

  story('A detector that reports daily clears its smoke by event; the 1 of its last reading does not hold the alarm.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      5:00 !smoke_cleared
      7:00 end
    `,
    expect: `
      0:00 raised   threshold         smoke alarm P1 active
      6:00 returned off_delay_elapsed smoke alarm P1 latched
    `,
  })

  story('A call for help is P1 and latched, wherever it comes from.', {
    kind: 'access',
    steps: `
      0:00 !manual_alarm
      1:00 !manual_alarm_cleared
    `,
    expect: `
      0:00 raised   device_flag    manual_alarm high P1 active
      1:00 returned device_cleared manual_alarm high P1 latched
    `,
  })

  story('Worn out is worn out: the alarm stands, latched, until the device is replaced.', {
    kind: 'gas',
    steps: `
      0:00 !end_of_life
      1:00 ack
      2:00 replace
    `,
    expect: `
      0:00 raised       momentary       end_of_life warn P3 active
      0:00 returned     momentary       end_of_life warn P3 latched
      1:00 acknowledged human           end_of_life warn P3 latched acked
      2:00 closed       device_replaced end_of_life warn P3 normal  acked
    `,
  })
})
