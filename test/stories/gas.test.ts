// Gas and carbon monoxide: combustible gas waits for nothing, and everything latches.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('gas', () => {
  story('A kitchen leaks, is aired, and the alarm waits for acknowledgement and reset.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=3
      1:00  gas_lel=12
      2:00  ack
      2:30  gas_lel=4
      3:30  gas_lel=2
      4:00  reset
      5:00  gas_lel=2
    `,
    expect: `
      1:00  raised        threshold          gas_lel warn P2 active
      2:00  acknowledged  human              gas_lel warn P2 active  acked
      3:30  returned      off_delay_elapsed  gas_lel warn P2 latched acked
      4:00  reset         human              gas_lel warn P2 normal  acked
      4:00  closed        acknowledged_and_normal gas_lel warn P2 normal acked
    `,
  })

  story('A pipe breaks: the first raise takes the highest level met, at once.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=0
      1:00  gas_lel=63
    `,
    expect: `1:00 raised threshold gas_lel high P1 active`,
  })

  story('A leak grows: one alarm rises level by level, and an acknowledged one must be acknowledged again.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=10
      0:30  ack
      1:00  gas_lel=25
      1:30  ack
      2:00  gas_lel=50
    `,
    expect: `
      0:00  raised        threshold    gas_lel warn  P2 active
      0:30  acknowledged  human        gas_lel warn  P2 active acked
      1:00  level_changed level_risen  gas_lel alarm P1 active
      1:30  acknowledged  human        gas_lel alarm P1 active acked
      2:00  level_changed level_risen  gas_lel high  P1 active
    `,
  })

  story('A leak shrinks but is not over: what latched at the high limit stays there until it is reset.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=30
      1:00..4:00/60  gas_lel=15
    `,
    expect: `0:00 raised threshold gas_lel alarm P1 active`,
  })

  story('A concentration just inside the limit does not return the alarm: the deadband is 2 %LEL.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=10
      1:00..10:00/60  gas_lel=8.1
      11:00 gas_lel=8
      12:00 gas_lel=8
    `,
    expect: `
      0:00   raised   threshold         gas_lel warn P2 active
      12:00  returned off_delay_elapsed gas_lel warn P2 latched
    `,
  })

  story('Gas comes back while the off-delay runs: the alarm never returned.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      1:00  gas_lel=3
      1:30  gas_lel=12
      2:30  gas_lel=12
    `,
    expect: `0:00 raised threshold gas_lel warn P2 active`,
  })

  story('Gas comes back before the reset: the same alarm is raised again, unacknowledged, and counts two.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      0:10  ack
      1:00  gas_lel=3
      2:00  gas_lel=3
      3:00  gas_lel=14
    `,
    expect: `
      0:00  raised        threshold         gas_lel warn P2 active
      0:10  acknowledged  human             gas_lel warn P2 active  acked
      2:00  returned      off_delay_elapsed gas_lel warn P2 latched acked
      3:00  re_raised     threshold         gas_lel warn P2 active  ×2
    `,
  })

  story('The detector flags what the hub measures as well: one alarm, the higher level decides, both must be normal.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      0:05  !gas_high value=26
      1:00  gas_lel=2
      2:30  gas_lel=2
      3:00  !gas_high_cleared value=2
      4:00  gas_lel=2
    `,
    expect: `
      0:00  raised        threshold         gas_lel warn  P2 active
      0:05  level_changed device_flag       gas_lel alarm P1 active
      4:00  returned      off_delay_elapsed gas_lel alarm P1 latched
    `,
  })

  story('Only the detector flags: raised at once with the flag as its reason, latched when it clears.', {
    kind: 'gas',
    steps: `
      0:00  !gas_low value=11
      1:00  !gas_low_cleared value=2
      2:30  end
    `,
    expect: `
      0:00  raised   device_flag       gas_lel warn P2 active
      2:00  returned off_delay_elapsed gas_lel warn P2 latched
    `,
  })

  story('A reset is refused while gas is there, and before anybody has acknowledged.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=12
      0:10  reset
      1:00  gas_lel=2
      2:00  gas_lel=2
      2:10  reset
      2:20  ack
      2:30  ack
      2:40  reset
      2:50  reset
    `,
    expect: `
      0:00  raised       threshold         gas_lel warn P2 active
      0:10  refused      still_active
      2:00  returned     off_delay_elapsed gas_lel warn P2 latched
      2:10  refused      unacknowledged
      2:20  acknowledged human             gas_lel warn P2 latched acked
      2:30  refused      already_acknowledged
      2:40  reset        human             gas_lel warn P2 normal acked
      2:40  closed       acknowledged_and_normal gas_lel warn P2 normal acked
      2:50  refused      closed
    `,
  })

  story('Briquettes smoulder: 60 ppm of carbon monoxide must last five minutes.', {
    kind: 'gas',
    steps: `
      0:00..5:00/60  co_ppm=60
    `,
    expect: `5:00 raised on_delay_elapsed co_ppm warn P2 active`,
  })

  story('Much carbon monoxide waits for nothing, and takes the milder levels with it.', {
    kind: 'gas',
    steps: `
      0:00  co_ppm=350
      1:00  co_ppm=60
      2:10  co_ppm=60
    `,
    expect: `0:00 raised threshold co_ppm high P1 active`,
  })

  story('Gas and carbon monoxide are two dangers: two alarms.', {
    kind: 'gas',
    steps: `
      0:00  gas_lel=26 co_ppm=310
      0:10  ack gas_lel
    `,
    expect: `
      0:00  raised       threshold gas_lel alarm P1 active
      0:00  raised       threshold co_ppm  high  P1 active
      0:10  acknowledged human     gas_lel alarm P1 active acked
    `,
  })

  story('The opt-in level is off: 6 %LEL raises nothing.', {
    kind: 'gas',
    steps: `0:00..3:00/60 gas_lel=6`,
    expect: ``,
  })

  story('Warming up suppresses nothing.', {
    kind: 'gas',
    steps: `
      0:00  !warming_up
      0:05  gas_lel=30
    `,
    expect: `0:05 raised threshold gas_lel alarm P1 active`,
  })
})
