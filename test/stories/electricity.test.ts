// Smart electricity: delays, deadbands, levels that fall, limits from attributes.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('electricity', () => {
  story('Leakage of 350 mA must last five seconds: no sample follows, so the hub’s timer decides.', {
    kind: 'electricity',
    steps: `
      0:00  residual_current=350
      0:30  end
    `,
    expect: `0:05 raised on_delay_elapsed residual_current alarm P2 active`,
  })

  story('A motor starts: leakage for three seconds raises nothing.', {
    kind: 'electricity',
    steps: `
      0:00  residual_current=350
      0:03  residual_current=40
      1:00  residual_current=40
    `,
    expect: ``,
  })

  story(
    'The delay runs by sample time: a backlog of ten seconds of leakage has run out when its second sample comes.',
    {
      kind: 'electricity',
      steps: `
      1:00  residual_current=350  @0:40
      1:01  residual_current=350  @0:50
    `,
      expect: `1:01 raised on_delay_elapsed residual_current alarm P2 active`,
    },
  )

  story('Leakage creeps up and down: level by level, one alarm; the level that does not latch lets go.', {
    kind: 'electricity',
    steps: `
      0:00..1:00/10  residual_current=250
      1:10..2:00/10  residual_current=150
      2:10..3:30/10  residual_current=20
      4:00  ack
    `,
    expect: `
      0:30  raised       on_delay_elapsed  residual_current warn P3 active
      2:10  returned     off_delay_elapsed residual_current warn P3 normal
      4:00  acknowledged human             residual_current warn P3 normal acked
      4:00  closed       acknowledged_and_normal residual_current warn P3 normal acked
    `,
  })

  story('Over-voltage falls from 270 V to 240 V: the alarm falls in level, then returns.', {
    kind: 'electricity',
    steps: `
      0:00..0:20/5  voltage_a=270
      0:30..1:40/10 voltage_a=240
      2:00..3:10/10 voltage_a=225
      3:20  ack
    `,
    expect: `
      0:03  raised        on_delay_elapsed  voltage_a high P2 active
      1:30  level_changed level_fallen      voltage_a warn P4 active
      3:00  returned      off_delay_elapsed voltage_a warn P4 normal
      3:20  acknowledged  human             voltage_a warn P4 normal acked
      3:20  closed        acknowledged_and_normal voltage_a warn P4 normal acked
    `,
  })

  story('Slight over-voltage at noon is P4: nobody needs to acknowledge it, it returns and closes by itself.', {
    kind: 'electricity',
    steps: `
      0:00..12:00/60   voltage_a=237
      13:00..15:00/60  voltage_a=230
    `,
    expect: `
      10:00 raised   on_delay_elapsed  voltage_a warn P4 active
      14:00 returned off_delay_elapsed voltage_a warn P4 normal
      14:00 closed   not_required      voltage_a warn P4 normal
    `,
  })

  story('An officer may take a P4 alarm all the same; it closes when it returns.', {
    kind: 'electricity',
    steps: `
      0:00..10:00/60   voltage_a=237
      10:30 ack
      11:00..12:00/60  voltage_a=230
    `,
    expect: `
      10:00 raised       on_delay_elapsed  voltage_a warn P4 active
      10:30 acknowledged human             voltage_a warn P4 active acked
      12:00 returned     off_delay_elapsed voltage_a warn P4 normal acked
      12:00 closed       acknowledged_and_normal voltage_a warn P4 normal acked
    `,
  })

  story('Acknowledged while active: it closes when it returns, without another act.', {
    kind: 'electricity',
    steps: `
      0:00  voltage_a=255
      0:10  voltage_a=255
      0:20  ack
      1:00  voltage_a=230
      2:00  voltage_a=230
    `,
    expect: `
      0:10  raised       on_delay_elapsed  voltage_a alarm P3 active
      0:20  acknowledged human             voltage_a alarm P3 active acked
      2:00  returned     off_delay_elapsed voltage_a alarm P3 normal acked
      2:00  closed       acknowledged_and_normal voltage_a alarm P3 normal acked
    `,
  })

  story('Returned and not yet acknowledged it comes again: the same alarm counts two.', {
    kind: 'electricity',
    steps: `
      0:00  voltage_a=255
      0:10  voltage_a=255
      1:00  voltage_a=230
      2:00  voltage_a=230
      3:00  voltage_a=255
      3:10  voltage_a=255
    `,
    expect: `
      0:10  raised    on_delay_elapsed  voltage_a alarm P3 active
      2:00  returned  off_delay_elapsed voltage_a alarm P3 normal
      3:10  re_raised on_delay_elapsed  voltage_a alarm P3 active ×2
    `,
  })

  story('At the limit: a high one is met, a low one is not yet.', {
    kind: 'electricity',
    steps: `
      0:00..0:20/10  voltage_a=250 voltage_b=187
    `,
    expect: `0:10 raised on_delay_elapsed voltage_a alarm P3 active`,
  })

  story('Each phase is its own alarm; a low phase of three is both under-voltage and lost.', {
    kind: 'electricity',
    attributes: { phases: 3 },
    steps: `
      0:00..0:10/5  voltage_a=230 voltage_b=100 voltage_c=231
    `,
    expect: `
      0:05  raised on_delay_elapsed voltage_b alarm P2 active
      0:10  raised on_delay_elapsed voltage_b high  P3 active
    `,
  })

  story('A single-phase set cannot lose a phase.', {
    kind: 'electricity',
    attributes: { phases: 1 },
    steps: `0:00..0:08/4 voltage_a=100`,
    expect: ``,
  })

  story('Without a rated current there is no limit to compare with; the device’s own flag still counts.', {
    kind: 'electricity',
    steps: `
      0:00..2:00/30 current_a=4000
      2:10 !over_current channel=a value=4000
      2:20 !over_current_cleared channel=a
      3:30 end
    `,
    expect: `
      2:10 raised   device_flag       current_a alarm P3 active
      3:20 returned off_delay_elapsed current_a alarm P3 normal
    `,
  })

  story('A final circuit behind an RCD: its rating sets the limits, and nothing latches.', {
    kind: 'electricity',
    attributes: { position: 'final', rcdMa: 30 },
    steps: `
      0:00..0:40/10  residual_current=31
      0:50..1:50/10  residual_current=10
    `,
    expect: `
      0:05  raised   on_delay_elapsed  residual_current alarm P3 active
      1:50  returned off_delay_elapsed residual_current alarm P3 normal
    `,
  })

  story('A flag names its cable; without a name it belongs to the only cable that is measured.', {
    kind: 'electricity',
    steps: `
      0:00  temperature_a=40
      0:10  !over_temperature value=71
      0:20  !over_temperature channel=b value=72
    `,
    expect: `
      0:10  raised device_flag temperature_a alarm P2 active
      0:20  raised device_flag temperature_b alarm P2 active
    `,
  })

  story(
    'A flag that names a phase of a signal without phases is about the signal; one that the meter lacks stands alone.',
    {
      kind: 'electricity',
      steps: `
      0:00  residual_current=20 voltage_a=230
      0:10  !residual_current_alarm channel=a value=320
      0:20  !over_voltage channel=n value=256
      0:30  !over_voltage channel=x value=257
    `,
      expect: `
      0:10  raised device_flag residual_current alarm P2 active
      0:20  raised device_flag voltage_n alarm P3 active
    `,
    },
  )

  story('A flag without a phase, told before any phase was measured and delivered again afterwards, is one alarm.', {
    kind: 'electricity',
    steps: `
      0:00  !under_voltage
      0:01  voltage_b=230   @0:00
      0:02  !under_voltage  @0:00
      1:00  !under_voltage_cleared
      2:30  voltage_b=230
    `,
    expect: `
      0:00  raised   device_flag       voltage alarm P3 active
      2:00  returned off_delay_elapsed voltage alarm P3 normal
    `,
  })

  story('A cable of an xlpe circuit may be hotter.', {
    kind: 'electricity',
    attributes: { insulation: 'xlpe' },
    steps: `0:00..0:40/10 temperature_a=75`,
    expect: ``,
  })

  story('The power of one phase is not the power of the room.', {
    kind: 'electricity',
    attributes: { powerLimitW: 1000 },
    steps: `
      0:00..2:00/60 power_a=1100 power=900
      3:00..4:00/60 power=1000
    `,
    expect: `
      1:00 raised        on_delay_elapsed power warn  P4 active
      4:00 level_changed level_risen      power alarm P3 active
    `,
  })

  story('A rise from P4 to P3 asks for the acknowledgement that P4 did not need.', {
    kind: 'electricity',
    attributes: { powerLimitW: 1000 },
    steps: `
      0:00..1:00/60 power=900
      1:30 power=1001
      2:30 power=1001
      3:00 power=100
      4:00 power=100
    `,
    expect: `
      1:00 raised        on_delay_elapsed  power warn  P4 active
      2:30 level_changed level_risen       power alarm P3 active
      4:00 returned      off_delay_elapsed power alarm P3 normal
    `,
  })
})
