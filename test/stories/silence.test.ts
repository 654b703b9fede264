// G4: silence is not safety. A device that stops reporting raises its own alarm and clears none.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('silence', () => {
  story('G4: a monitor falls silent: P4 after four minutes, P3 after a day; its first message ends it.', {
    kind: 'electricity',
    steps: `
      0:00  power=100
      2d    power=100
    `,
    expect: `
      4:00     raised        silent      silent warn P4 active
      24:00:00 level_changed level_risen silent high P3 active
      48:00:00 returned      heard_again silent high P3 normal
    `,
  })

  story('G4: a gas detector is missed sooner: P3 after ten minutes.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=0
      12:00 gas_lel=0
      13:00 ack
    `,
    expect: `
      4:00  raised        silent      silent warn  P4 active
      10:00 level_changed level_risen silent alarm P3 active
      12:00 returned      heard_again silent alarm P3 normal
      13:00 acknowledged  human       silent alarm P3 normal acked
      13:00 closed        acknowledged_and_normal silent alarm P3 normal acked
    `,
  })

  story('G4: a battery detector may be silent for a day, not for 26 hours.', {
    kind: 'smoke',
    steps: `
      0:00     smoke=0
      25:00:00 smoke=0
      3d       end
    `,
    expect: `51:00:00 raised silent silent warn P4 active`,
  })

  story('A P4 silence that ends closes by itself.', {
    kind: 'access',
    steps: `
      0:00 door_open=0
      5:00 door_open=0
    `,
    expect: `
      4:00 raised   silent       silent warn P4 active
      5:00 returned heard_again  silent warn P4 normal
      5:00 closed   not_required silent warn P4 normal
    `,
  })

  story('A broken connection is not silence, and a message on the next one keeps it from becoming silence.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      0:10 disconnected
      3:00 connected
      3:30 gas_lel=0
      7:00 gas_lel=0
    `,
    expect: ``,
  })

  story('A will greys the dot at once; the alarm comes after the delay and says why.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      0:20 will
      5:00 end
    `,
    expect: `4:00 raised will silent warn P4 active`,
  })

  story('Mains are lost, then the device falls silent: one alarm from the first word on, a power cut.', {
    kind: 'gateway',
    steps: `
      0:00 mains_on=1
      1:00 !mains_lost
      20:00 !mains_restored
    `,
    expect: `
      1:00  raised        power_cut   silent warn  P3 active
      11:00 level_changed level_risen silent alarm P3 active
      20:00 returned      heard_again silent alarm P3 normal
    `,
  })

  story('Mains are lost and come back while the battery carries the device: it never fell silent.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00 !mains_lost
      2:00 gas_lel=0
      3:00 !mains_restored
    `,
    expect: `
      1:00 raised   power_cut      silent warn P4 active
      3:00 returned device_cleared silent warn P4 normal
      3:00 closed   not_required   silent warn P4 normal
    `,
  })

  story('After a power cut the first message ends the alarm, though nobody said that the mains are back.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00 !mains_lost
      6:00 gas_lel=0
    `,
    expect: `
      1:00 raised   power_cut    silent warn P4 active
      6:00 returned heard_again  silent warn P4 normal
      6:00 closed   not_required silent warn P4 normal
    `,
  })

  story('On its battery a device says once more that the mains are lost, and is silent again: still one power cut.', {
    kind: 'access',
    steps: `
      0:00  !mains_lost
      5:00  !mains_lost
      20:00 !mains_restored
    `,
    expect: `
      0:00  raised   power_cut    silent warn P4 active
      20:00 returned heard_again  silent warn P4 normal
      20:00 closed   not_required silent warn P4 normal
    `,
  })

  story('A device that was never heard raises nothing.', {
    kind: 'gas',
    lifecycle: 'registered',
    steps: `
      0:00 connected
      0:10 disconnected
      0:20 disconnected
      0:30 disconnected
      2d   end
    `,
    expect: ``,
  })

  story('Its first message puts a device in service; from then on its silence counts.', {
    kind: 'gas',
    lifecycle: 'registered',
    steps: `
      9:00:00 gas_lel=0
      9:06:00 end
    `,
    expect: `9:04:00 raised silent silent warn P4 active`,
  })

  story('A will of the broker is not a first message.', {
    kind: 'gas',
    lifecycle: 'registered',
    steps: `
      0:00 will
      2d   end
    `,
    expect: ``,
  })

  story('A device that states its interval is missed by that interval.', {
    kind: 'electricity',
    attributes: { reportEverySeconds: 600 },
    steps: `
      0:00  power=1
      32:00 end
    `,
    expect: `31:00 raised silent silent warn P4 active`,
  })

  story(
    'A device that reports every five minutes teaches the hub to wait: after a few reports it raises nothing more.',
    {
      kind: 'electricity',
      steps: `0:00..2:00:00/300 power=1`,
      expect: `
      4:00  raised   silent       silent warn P4 active
      5:00  returned heard_again  silent warn P4 normal
      5:00  closed   not_required silent warn P4 normal
      9:45  raised   silent       silent warn P4 active
      10:00 returned heard_again  silent warn P4 normal
      10:00 closed   not_required silent warn P4 normal
    `,
    },
  )

  story('What cannot be read is no sign of life.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00..3:00/120 rejected 1
      5:00 end
    `,
    expect: `4:00 raised silent silent warn P4 active`,
  })

  story('A hub that knows how long it was deaf goes on counting where it was.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      3:30 stop
      9:30 start known
      11:00 end
    `,
    expect: `10:00 raised silent silent warn P4 active`,
  })

  story('G4: A hub that is deaf again and again still notices who has fallen silent.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00 stop
      2:00 start known
      3:00 stop
      4:00 start known
      5:00 stop
      6:00 start known
      9:00 end
    `,
    expect: `7:00 raised silent silent warn P4 active`,
  })

  story('What was being believed clear goes on, later by as long as nobody could contradict it.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      0:10 gas_lel=0
      0:20 stop
      2:20 start known
      4:00 end
    `,
    expect: `
      0:00 raised   threshold         gas_lel alarm P1 active
      3:10 returned off_delay_elapsed gas_lel alarm P1 latched
    `,
  })
})

describe('frozen', () => {
  story('G4: a detector dies while gas is there: its alarm freezes and no timer clears it.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      1:00  gas_lel=30
      2d    end
    `,
    expect: `
      0:00     raised        threshold     gas_lel alarm P1 active
      5:00     raised        silent        silent  warn  P4 active
      5:00     frozen        device_silent gas_lel alarm P1 frozen
      11:00    level_changed level_risen   silent  alarm P3 active
      24:01:00 level_changed level_risen   silent  high  P3 active
    `,
  })

  story('G4: a detector falls silent while its alarm waits to return: what was heard proves nothing any more.', {
    kind: 'smoke',
    attributes: { power: 'mains', reportEverySeconds: 60 },
    steps: `
      0:00 !contaminated
      0:10 !contaminated_cleared
      3d   end
    `,
    expect: `
      0:00     raised        device_flag   smoke_contamination warn P4 active
      4:10     raised        silent        silent warn  P4 active
      4:10     frozen        device_silent smoke_contamination warn P4 frozen
      10:10    level_changed level_risen   silent alarm P3 active
      24:00:10 level_changed level_risen   silent high  P3 active
    `,
  })

  story(
    'A device that had said it was over falls silent and comes back: its word counts again, the wait begins anew.',
    {
      kind: 'smoke',
      attributes: { power: 'mains', reportEverySeconds: 3600 },
      steps: `
      0:00              !contaminated
      0:10              !contaminated_cleared
      5:00:00..30:00:00/3600 smoke=0
    `,
      expect: `
      0:00     raised        device_flag       smoke_contamination warn P4 active
      3:00:10  raised        silent            silent alarm P3 active
      3:00:10  frozen        device_silent     smoke_contamination warn P4 frozen
      5:00:00  returned      heard_again       silent alarm P3 normal
      5:00:00  unfrozen      good_value        smoke_contamination warn P4 active
      29:00:00 returned      off_delay_elapsed smoke_contamination warn P4 normal
      29:00:00 closed        not_required      smoke_contamination warn P4 normal
    `,
    },
  )

  story('G4: it comes back with a good value: the alarm thaws and is judged anew.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      6:00  gas_lel=28
      7:00  gas_lel=2
      8:00  gas_lel=2
    `,
    expect: `
      0:00 raised   threshold         gas_lel alarm P1 active
      4:00 raised   silent            silent  warn  P4 active
      4:00 frozen   device_silent     gas_lel alarm P1 frozen
      6:00 returned heard_again       silent  warn  P4 normal
      6:00 closed   not_required      silent  warn  P4 normal
      6:00 unfrozen good_value        gas_lel alarm P1 active
      8:00 returned off_delay_elapsed gas_lel alarm P1 latched
    `,
  })

  story('G4: it comes back and talks of other things: the alarm stays frozen.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      6:00  co_ppm=0 battery=80
    `,
    expect: `
      0:00 raised   threshold     gas_lel alarm P1 active
      4:00 raised   silent        silent  warn  P4 active
      4:00 frozen   device_silent gas_lel alarm P1 frozen
      6:00 returned heard_again   silent  warn  P4 normal
      6:00 closed   not_required  silent  warn  P4 normal
    `,
  })

  story('G4: a sensor breaks while its alarm stands: bad values freeze it, the next good one thaws it.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      1:00  bad gas_lel
      2:00  bad gas_lel
      3:00  gas_lel=29
    `,
    expect: `
      0:00 raised   threshold  gas_lel alarm P1 active
      1:00 frozen   bad_value  gas_lel alarm P1 frozen
      3:00 unfrozen good_value gas_lel alarm P1 active
    `,
  })

  story('G4: a bad value while the off-delay runs stops it.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      1:00  gas_lel=2
      1:30  bad gas_lel
      3:00  bad gas_lel
    `,
    expect: `
      0:00 raised threshold gas_lel warn P2 active
      1:30 frozen bad_value gas_lel warn P2 frozen
    `,
  })

  story('G4: a sensor breaks while an on-delay runs: the delay goes on, and the alarm is frozen as it is raised.', {
    kind: 'gas',
    steps: `
      0:00  co_ppm=150
      0:30  bad co_ppm
      2:00  co_ppm=150
    `,
    expect: `
      1:00 raised   on_delay_elapsed co_ppm alarm P1 active
      1:00 frozen   bad_value        co_ppm alarm P1 frozen
      2:00 unfrozen good_value       co_ppm alarm P1 active
    `,
  })

  story('G4: a bad value is worse than a good one of the same instant: what was about to end is frozen.', {
    kind: 'gas',
    steps: `
      1:00 gas_lel=30
      1:10 gas_lel=0
      1:20 bad gas_lel @0:30
      1:30 bad gas_lel @1:10
    `,
    expect: `
      1:00 raised threshold gas_lel alarm P1 active
      1:30 frozen bad_value gas_lel alarm P1 frozen
    `,
  })

  story(
    'A value over the limit is worse than a bad one of the same instant, in whatever order and however often they come.',
    {
      kind: 'gas',
      steps: `
      1:00 bad gas_lel
      1:00 gas_lel=30
      1:10 bad gas_lel @1:00
      1:20 bad gas_lel @0:30
      2:00 gas_lel=30
      2:10 bad gas_lel @2:00
    `,
      expect: `1:00 raised threshold gas_lel alarm P1 active`,
    },
  )

  story('The value is bad but the detector’s own flag stands: the alarm is known to be active.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      0:05  !gas_high value=30
      1:00  bad gas_lel
    `,
    expect: `0:00 raised threshold gas_lel alarm P1 active`,
  })

  story('A device with a frozen flag comes back without it and measures nothing: a duty leader looks and closes it.', {
    kind: 'gas',
    steps: `
      0:00  !gas_high
      5:00  gas_lel=0
      5:10  ack gas_lel
      5:20  reset gas_lel
      5:30  verify gas_lel
      6:00  gas_lel=30
    `,
    expect: `
      0:00 raised       device_flag    gas_lel alarm P1 active
      4:00 raised       silent         silent  warn  P4 active
      4:00 frozen       device_silent  gas_lel alarm P1 frozen
      5:00 returned     heard_again    silent  warn  P4 normal
      5:00 closed       not_required   silent  warn  P4 normal
      5:10 acknowledged human          gas_lel alarm P1 frozen acked
      5:20 refused      still_active
      5:30 closed       field_verified gas_lel alarm P1 normal acked
      6:00 raised       threshold      gas_lel alarm P1 active
    `,
  })

  story('What is not frozen cannot be closed as verified on site.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      0:10  verify
    `,
    expect: `
      0:00 raised  threshold gas_lel alarm P1 active
      0:10 refused not_frozen
    `,
  })

  story('Verified on site and closed: the last message sent once more raises nothing.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      4:30  verify gas_lel
      5:00  again
    `,
    expect: `
      0:00 raised   threshold      gas_lel alarm P1 active
      4:00 raised   silent         silent  warn  P4 active
      4:00 frozen   device_silent  gas_lel alarm P1 frozen
      4:30 closed   field_verified gas_lel alarm P1 normal
      5:00 returned heard_again    silent  warn  P4 normal
      5:00 closed   not_required   silent  warn  P4 normal
    `,
  })

  story('An alarm that is over and latched is not frozen by silence: it may be reset.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      1:00  gas_lel=2
      2:00  gas_lel=2
      7:00  ack gas_lel
      7:10  reset gas_lel
    `,
    expect: `
      0:00 raised       threshold         gas_lel warn P2 active
      2:00 returned     off_delay_elapsed gas_lel warn P2 latched
      6:00 raised       silent            silent  warn P4 active
      7:00 acknowledged human             gas_lel warn P2 latched acked
      7:10 reset        human             gas_lel warn P2 normal  acked
      7:10 closed       acknowledged_and_normal gas_lel warn P2 normal acked
    `,
  })
})
