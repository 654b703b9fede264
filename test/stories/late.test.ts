// Order is sample time. What comes late fills history, clears nothing, lowers nothing — and over a latching limit it is told.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('late and repeated samples', () => {
  story('A device sends what it kept: gas that is already over raises a latched alarm with reason late.', {
    kind: 'gas',
    steps: `
      3:00 gas_lel=1
      3:01 gas_lel=30 @1:00
      3:02 gas_lel=2  @2:00
      4:00 ack
      4:10 reset
    `,
    expect: `
      3:01 raised       late  gas_lel alarm P1 latched
      4:00 acknowledged human gas_lel alarm P1 latched acked
      4:10 reset        human gas_lel alarm P1 normal  acked
      4:10 closed       acknowledged_and_normal gas_lel alarm P1 normal acked
    `,
  })

  story('A late good value clears nothing.', {
    kind: 'gas',
    steps: `
      2:00 gas_lel=30
      2:01 gas_lel=0 @1:00
      2:02 gas_lel=0 @1:59
      4:00 gas_lel=29
    `,
    expect: `2:00 raised threshold gas_lel alarm P1 active`,
  })

  story('Late samples of an alarm that is known tell nothing.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      1:00 gas_lel=30
      2:00 gas_lel=28
      2:10 gas_lel=30 @0:30
      2:20 gas_lel=2  @0:40
    `,
    expect: `0:00 raised threshold gas_lel alarm P1 active`,
  })

  story('A late sample says that it was worse: the level rises, and somebody must acknowledge that.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      0:30 ack
      1:00 gas_lel=12
      1:10 gas_lel=40 @0:40
    `,
    expect: `
      0:00 raised        threshold gas_lel warn  P2 active
      0:30 acknowledged  human     gas_lel warn  P2 active acked
      1:10 level_changed late      gas_lel alarm P1 active
    `,
  })

  story('An acknowledged alarm waits for reset when an earlier leak becomes known: raised again.', {
    kind: 'gas',
    steps: `
      3:00 gas_lel=12
      4:00 gas_lel=0
      5:00 gas_lel=0
      5:10 ack
      5:20 gas_lel=12 @1:00
      5:30 gas_lel=13 @2:00
    `,
    expect: `
      3:00 raised       threshold         gas_lel warn P2 active
      5:00 returned     off_delay_elapsed gas_lel warn P2 latched
      5:10 acknowledged human             gas_lel warn P2 latched acked
      5:20 re_raised    late              gas_lel warn P2 latched ×2
    `,
  })

  story('A late value over a limit that does not latch raises nothing.', {
    kind: 'electricity',
    steps: `
      2:00 voltage_a=230
      2:01 voltage_a=265 @1:00
      2:02 voltage_a=265 @1:30
    `,
    expect: ``,
  })

  story('The network delivers twice: the same message once more changes nothing, open or closed.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      0:01 again
      1:00 gas_lel=0
      1:01 again
      2:00 gas_lel=0
      2:10 ack
      2:20 reset
      2:30 gas_lel=30 @0:00
      2:40 gas_lel=0  @1:00
    `,
    expect: `
      0:00 raised       threshold         gas_lel alarm P1 active
      2:00 returned     off_delay_elapsed gas_lel alarm P1 latched
      2:10 acknowledged human             gas_lel alarm P1 latched acked
      2:20 reset        human             gas_lel alarm P1 normal  acked
      2:20 closed       acknowledged_and_normal gas_lel alarm P1 normal acked
    `,
  })

  story('A motor start is delivered twice: too short then, too short now.', {
    kind: 'electricity',
    steps: `
      0:00 residual_current=350
      0:03 residual_current=40
      0:10 residual_current=350 @0:00
      0:11 residual_current=40  @0:03
      0:12 residual_current=350 @0:01
    `,
    expect: ``,
  })

  story('A late value over a limit with a delay is taken to have lasted: nobody can know better.', {
    kind: 'electricity',
    steps: `
      1:00 residual_current=40
      1:10 residual_current=350 @0:20
    `,
    expect: `1:10 raised late residual_current alarm P2 latched`,
  })

  story('G4: a flag delivered twice is no new evidence: the frozen alarm stays frozen.', {
    kind: 'gas',
    steps: `
      0:00 !gas_high
      5:00 again
    `,
    expect: `
      0:00 raised   device_flag   gas_lel alarm P1 active
      4:00 raised   silent        silent  warn  P4 active
      4:00 frozen   device_silent gas_lel alarm P1 frozen
      5:00 returned heard_again   silent  warn  P4 normal
      5:00 closed   not_required  silent  warn  P4 normal
    `,
  })

  story('Two values of one instant: the worse is right, whichever comes first.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00 gas_lel=2
      1:01 gas_lel=30 @1:00
      1:02 gas_lel=2  @1:00
    `,
    expect: `1:01 raised threshold gas_lel alarm P1 active`,
  })

  story('Samples out of order within a minute: a good one measured before the leak does not end it.', {
    kind: 'gas',
    steps: `
      1:02 gas_lel=30 @1:00
      1:03 gas_lel=1  @0:00
      2:01 gas_lel=1  @0:30
      3:30 gas_lel=30 @2:00
    `,
    expect: `1:02 raised threshold gas_lel alarm P1 active`,
  })

  story('A smoke event overtaken by its own end is told as late; a flag that does not latch is not.', {
    kind: 'smoke',
    steps: `
      1:00 !smoke_cleared
      1:01 !smoke_alarm @0:30
      2:00 !contaminated_cleared
      2:01 !contaminated @1:30
    `,
    expect: `1:01 raised late smoke alarm P1 latched`,
  })

  story('Smoke measured, then over by the event beside it: the measured value delivered again changes nothing.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      0:01 !smoke_cleared
      1:10 smoke=1 @0:00
      2:00 ack
      2:10 reset
      2:20 smoke=1 @0:00
    `,
    expect: `
      0:00 raised       threshold         smoke alarm P1 active
      1:01 returned     off_delay_elapsed smoke alarm P1 latched
      2:00 acknowledged human             smoke alarm P1 latched acked
      2:10 reset        human             smoke alarm P1 normal  acked
      2:10 closed       acknowledged_and_normal smoke alarm P1 normal acked
    `,
  })

  story('G4: a measured 1 overtaken by the event that ends it is told as late.', {
    kind: 'smoke',
    steps: `
      1:00 !smoke_cleared
      1:01 smoke=1 @0:30
    `,
    expect: `1:01 raised late smoke alarm P1 latched`,
  })

  story('Water that an event says is gone does not come back with an older reading, only with a newer one.', {
    kind: 'water',
    steps: `
      0:00 water_leak=1
      0:10 !water_leak_cleared
      0:20 water_leak=1 @0:05
      2:00 water_leak=1 @0:00
      3:00 water_leak=1
    `,
    expect: `
      0:00 raised    threshold         water_leak alarm P3 active
      1:10 returned  off_delay_elapsed water_leak alarm P3 normal
      3:00 re_raised threshold         water_leak alarm P3 active ×2
    `,
  })

  story('G4: a bad value measured before the event that ends the smoke does not hold it up.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      0:10 !smoke_cleared
      0:20 bad smoke @0:05
      2:00 end
    `,
    expect: `
      0:00 raised   threshold         smoke alarm P1 active
      1:10 returned off_delay_elapsed smoke alarm P1 latched
    `,
  })

  story('A door was open before its own flag said so: it is open since the reading, which the flag confirms.', {
    kind: 'access',
    steps: `
      0:10           !door_held
      0:11           door_open=1 @0:00
      1:00..10:00/60 door_open=1
    `,
    expect: `
      0:10  raised        device_flag door_open warn  P4 active
      10:00 level_changed level_risen door_open alarm P3 active
    `,
  })

  story('The end of an undervoltage, no phase named, is delivered again: it says nothing of what was measured since.', {
    kind: 'electricity',
    attributes: { position: 'final', rcdMa: 30, reportEverySeconds: 30 },
    steps: `
      1:00 !under_voltage_cleared
      1:01 voltage_a=150 @0:50
      1:02 !under_voltage_cleared @1:00
      1:03 voltage_a=230 @0:58
      2:00 voltage_a=230
    `,
    expect: ``,
  })

  story('The end of an undervoltage, no phase named, holds for every phase: an older beginning raises nothing.', {
    kind: 'electricity',
    steps: `
      1:00 !under_voltage_cleared
      1:05 !under_voltage channel=a @0:50
      1:10 !under_voltage channel=b @1:02
    `,
    expect: `1:10 raised device_flag voltage_b alarm P3 active`,
  })

  story(
    'A hot cable, no channel named, is told late; delivered again it is not told of a channel that alarmed since.',
    {
      kind: 'electricity',
      steps: `
      1:00 !over_temperature_cleared
      1:01 !over_temperature @0:30
      1:10 temperature_a=95
      1:20 temperature_a=95
      2:00..5:00/60 temperature_a=30
      5:10 ack temperature
      5:20 !over_temperature @0:30
    `,
      expect: `
      1:01 raised       late              temperature   alarm P2 latched
      1:20 raised       on_delay_elapsed  temperature_a high  P1 active
      4:00 returned     off_delay_elapsed temperature_a high  P1 latched
      5:10 acknowledged human             temperature_a high  P1 latched acked
    `,
    },
  )

  story('An arc that is told late is told; told twice it is told once.', {
    kind: 'electricity',
    steps: `
      2:00 !arc_fault channel=a
      2:10 ack
      2:20 !arc_fault channel=a @1:00
      2:30 !arc_fault channel=a @1:00
    `,
    expect: `
      2:00 raised       momentary arc_fault_a alarm P2 active
      2:00 returned     momentary arc_fault_a alarm P2 latched
      2:10 acknowledged human     arc_fault_a alarm P2 latched acked
      2:20 re_raised    late      arc_fault_a alarm P2 latched ×2
    `,
  })
})
