// G5: suppression hides from the horn, never from the list, and shows who, why, until when.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('suppression', () => {
  story('G5: a shelved alarm stays on the list; when the time is up it is there again, unacknowledged.', {
    kind: 'gas',
    steps: `
      0:00..11:00/60 gas_lel=12
      11:10 ack
      11:20 shelve 2:00
      12:00..14:00/60 gas_lel=12
    `,
    expect: `
      0:00  raised       threshold gas_lel warn P2 active
      11:10 acknowledged human     gas_lel warn P2 active acked
      11:20 shelved      human     gas_lel warn P2 active acked shelved
      13:20 unshelved    expired   gas_lel warn P2 active
    `,
  })

  story('G5: what happens on the shelf is told all the same, marked as shelved.', {
    kind: 'electricity',
    steps: `
      0:00..0:10/10 voltage_a=255
      0:20 shelve 30:00
      1:00..2:00/60 voltage_a=230
      2:10 ack
      3:00..3:10/10 voltage_a=255
    `,
    expect: `
      0:10 raised       on_delay_elapsed  voltage_a alarm P3 active
      0:20 shelved      human             voltage_a alarm P3 active shelved
      2:00 returned     off_delay_elapsed voltage_a alarm P3 normal shelved
      2:10 acknowledged human             voltage_a alarm P3 normal acked shelved
      2:10 closed       acknowledged_and_normal voltage_a alarm P3 normal acked shelved
      3:10 raised       on_delay_elapsed  voltage_a alarm P3 active shelved
    `,
  })

  story('G5: a one-shot shelf lasts until the alarm returns.', {
    kind: 'electricity',
    steps: `
      0:00..0:10/10 voltage_a=255
      0:20 shelve once
      1:00..2:00/60 voltage_a=230
      3:00..3:10/10 voltage_a=255
    `,
    expect: `
      0:10 raised    on_delay_elapsed  voltage_a alarm P3 active
      0:20 shelved   human             voltage_a alarm P3 active shelved
      2:00 returned  off_delay_elapsed voltage_a alarm P3 normal shelved
      2:00 unshelved expired           voltage_a alarm P3 normal
      3:10 re_raised on_delay_elapsed  voltage_a alarm P3 active ×2
    `,
  })

  story('Taken off the shelf while active, an acknowledged alarm must be acknowledged again.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      0:10 ack
      0:20 shelve 30:00
      0:30 unshelve
      0:40 unshelve
    `,
    expect: `
      0:00 raised       threshold gas_lel warn P2 active
      0:10 acknowledged human     gas_lel warn P2 active acked
      0:20 shelved      human     gas_lel warn P2 active acked shelved
      0:30 unshelved    human     gas_lel warn P2 active
      0:40 refused      not_shelved
    `,
  })

  story('Taken off the shelf after it returned, an alarm keeps its acknowledgement.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      0:10 ack
      0:20 shelve 30:00
      1:00..2:00/60 gas_lel=0
      2:10 unshelve
    `,
    expect: `
      0:00 raised       threshold         gas_lel warn P2 active
      0:10 acknowledged human             gas_lel warn P2 active  acked
      0:20 shelved      human             gas_lel warn P2 active  acked shelved
      2:00 returned     off_delay_elapsed gas_lel warn P2 latched acked shelved
      2:10 unshelved    human             gas_lel warn P2 latched acked
    `,
  })

  story('P1 is never shelved; a shelf taken at P2 breaks when the alarm reaches P1.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      0:10 shelve 30:00
      0:20 gas_lel=60
      0:30 shelve 30:00
    `,
    expect: `
      0:00 raised        threshold   gas_lel warn P2 active
      0:10 shelved       human       gas_lel warn P2 active shelved
      0:20 level_changed level_risen gas_lel high P1 active shelved
      0:20 unshelved     level_risen gas_lel high P1 active
      0:30 refused       never_shelved
    `,
  })

  story('A shelf breaks as well when it becomes known late that P1 was reached.', {
    kind: 'gas',
    steps: `
      1:00 gas_lel=12
      1:10 shelve 30:00
      2:00 gas_lel=12
      2:10 gas_lel=60 @1:30
    `,
    expect: `
      1:00 raised        threshold   gas_lel warn P2 active
      1:10 shelved       human       gas_lel warn P2 active shelved
      2:10 level_changed late        gas_lel high P1 active shelved
      2:10 unshelved     level_risen gas_lel high P1 active
    `,
  })

  story('Suppressed by design: hidden while its reason lasts, unacknowledged afterwards if it is still there.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      0:10 ack
      0:20 suppress gas_lel
      0:30 unsuppress gas_lel
      0:40 unsuppress gas_lel
    `,
    expect: `
      0:00 raised       threshold gas_lel warn P2 active
      0:10 acknowledged human     gas_lel warn P2 active acked
      0:20 suppressed   human     gas_lel warn P2 active acked suppressed
      0:30 unsuppressed human     gas_lel warn P2 active
      0:40 refused      not_suppressed
    `,
  })

  story(
    'A device is taken out of service for repair: its alarms are marked, and a shelf below shows again afterwards.',
    {
      kind: 'gas',
      steps: `
      0:00 gas_lel=12
      0:05 ack
      0:10 shelve 30:00
      0:20 out_of_service
      0:30 co_ppm=400
      0:40 back_in_service
    `,
      expect: `
      0:00 raised         threshold gas_lel warn P2 active
      0:05 acknowledged   human     gas_lel warn P2 active acked
      0:10 shelved        human     gas_lel warn P2 active acked shelved
      0:20 out_of_service human     gas_lel warn P2 active acked out_of_service
      0:30 raised         threshold co_ppm  high P1 active out_of_service
      0:40 in_service     human     gas_lel warn P2 active acked shelved
      0:40 in_service     human     co_ppm  high P1 active
    `,
    },
  )
})
