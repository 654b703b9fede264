// 镇街接警: a town's desk takes an alarm for itself. It is a level of its own, beside the county's.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('the town’s acknowledgement', () => {
  story('The town takes it first: the county still owes its own, and only the county’s lets it be reset.', {
    kind: 'smoke',
    steps: `
      0:00 smoke=1
      0:20 town_ack
      1:00 smoke=0
      3:00 reset
      3:10 ack
      3:20 reset
    `,
    expect: `
      0:00 raised       threshold         smoke alarm P1 active
      0:20 acknowledged town_acknowledged smoke alarm P1 active town_acked
      2:00 returned     off_delay_elapsed smoke alarm P1 latched town_acked
      3:00 refused      unacknowledged
      3:10 acknowledged human             smoke alarm P1 latched acked town_acked
      3:20 reset        human             smoke alarm P1 normal acked town_acked
      3:20 closed       acknowledged_and_normal smoke alarm P1 normal acked town_acked
    `,
  })

  story('The county has taken it: the town takes it too, once, and neither undoes the other.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=26
      0:10 ack
      0:20 town_ack
      0:30 town_ack
      0:40 ack
    `,
    expect: `
      0:00 raised       threshold         gas_lel alarm P1 active
      0:10 acknowledged human             gas_lel alarm P1 active acked
      0:20 acknowledged town_acknowledged gas_lel alarm P1 active acked town_acked
      0:30 refused      already_acknowledged
      0:40 refused      already_acknowledged
    `,
  })

  story('It gets worse: it is asked of both desks anew.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=11
      0:10 ack
      0:20 town_ack
      0:30 gas_lel=26
      0:40 town_ack
    `,
    expect: `
      0:00 raised        threshold         gas_lel warn  P2 active
      0:10 acknowledged  human             gas_lel warn  P2 active acked
      0:20 acknowledged  town_acknowledged gas_lel warn  P2 active acked town_acked
      0:30 level_changed level_risen       gas_lel alarm P1 active
      0:40 acknowledged  town_acknowledged gas_lel alarm P1 active town_acked
    `,
  })

  story('A town’s acknowledgement closes nothing: what returned unseen by the county stays.', {
    kind: 'electricity',
    steps: `
      0:00..3:00/30 voltage_a=270
      3:10 town_ack
      3:30..8:00/30 voltage_a=230
      9:00 ack
    `,
    expect: `
      0:03 raised       on_delay_elapsed  voltage_a high P2 active
      3:10 acknowledged town_acknowledged voltage_a high P2 active town_acked
      4:30 returned     off_delay_elapsed voltage_a high P2 normal town_acked
      9:00 acknowledged human             voltage_a high P2 normal acked town_acked
      9:00 closed       acknowledged_and_normal voltage_a high P2 normal acked town_acked
    `,
  })
})
