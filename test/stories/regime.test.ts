// A site that is suspended or ordered off: there, current that flows is itself an alarm.
import { describe } from 'vitest'
import { story } from './story.ts'

describe('regime of the site', () => {
  story('A workshop under suspension draws 3 A for a minute: the county hears of it.', {
    kind: 'electricity',
    steps: `
      0:00  regime suspended
      1:00..2:30/10  current_a=3
      2:30  end
    `,
    expect: `2:00 raised on_delay_elapsed current_a alarm P2 active`,
  })

  story('A filling station whose power is to be cut draws 0.6 A on one phase: that is enough.', {
    kind: 'electricity',
    steps: `
      0:00  regime power_cut_ordered
      1:00..2:10/10  current_b=0.6 current_a=0 current_n=0.6
    `,
    expect: `2:00 raised on_delay_elapsed current_b alarm P2 active`,
  })

  story('Standby of 0.3 A, or half a minute of current, is nobody at work.', {
    kind: 'electricity',
    steps: `
      0:00  regime suspended
      1:00..3:00/10  current_a=0.3
      3:10..3:40/10  current_a=4
      3:50..5:00/10  current_a=0
    `,
    expect: ``,
  })

  story('The same current under no order, or with an inspector stationed, is work as usual.', {
    kind: 'electricity',
    steps: `
      0:00..3:00/10  current_a=3
      3:00  regime stationed
      3:10..6:00/10  current_a=3
    `,
    expect: ``,
  })

  story(
    'The order is lifted while the current flows: the alarm returns at once, and the current raises nothing more.',
    {
      kind: 'electricity',
      steps: `
      0:00  regime suspended
      0:10..1:10/10  current_a=3
      2:00  regime normal
      2:10..5:00/10  current_a=3
      5:00  ack
    `,
      expect: `
      1:10 raised on_delay_elapsed current_a alarm P2 active
      2:00 returned regime_ended current_a alarm P2 normal
      5:00 acknowledged human current_a alarm P2 normal acked
      5:00 closed acknowledged_and_normal current_a alarm P2 normal acked
    `,
    },
  )

  story('The order is lifted within the minute: nothing was raised, and nothing will be.', {
    kind: 'electricity',
    steps: `
      0:00  regime suspended
      0:10..0:40/10  current_a=3
      0:50  regime normal
      1:00..4:00/10  current_a=3
    `,
    expect: ``,
  })

  story('The machines are switched off: the alarm returns a minute later; on again, it comes again.', {
    kind: 'electricity',
    steps: `
      0:00  regime power_cut_ordered
      0:10..1:10/10  current_a=3
      1:20..2:30/10  current_a=0
      3:00..4:10/10  current_a=3
    `,
    expect: `
      1:10 raised on_delay_elapsed current_a alarm P2 active
      2:20 returned off_delay_elapsed current_a alarm P2 normal
      4:00 re_raised on_delay_elapsed current_a alarm P2 active ×2
    `,
  })

  story('From suspended to ordered off: one order follows another, and the alarm goes on.', {
    kind: 'electricity',
    steps: `
      0:00  regime suspended
      0:10..1:10/10  current_a=3
      1:15  regime power_cut_ordered
      1:20..2:00/10  current_a=3
    `,
    expect: `1:10 raised on_delay_elapsed current_a alarm P2 active`,
  })

  story('The set fell silent under the order: its alarm is frozen, and ends with the order.', {
    kind: 'electricity',
    steps: `
      0:00  regime suspended
      0:10..1:10/10  current_a=3
      1:20  bad current_a
      1:30  regime normal
      1:31  ack
    `,
    expect: `
      1:10 raised on_delay_elapsed current_a alarm P2 active
      1:20 frozen bad_value current_a alarm P2 frozen
      1:30 unfrozen regime_ended current_a alarm P2 active
      1:30 returned regime_ended current_a alarm P2 normal
      1:31 acknowledged human current_a alarm P2 normal acked
      1:31 closed acknowledged_and_normal current_a alarm P2 normal acked
    `,
  })
})
