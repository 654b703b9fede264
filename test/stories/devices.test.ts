// Devices as such: what is counted, how they enter service, are replaced and retire; the hub’s own conditions; restarts.
import { describe } from 'vitest'
import { defaultRulesFor } from '../../contract/kinds/table.ts'
import { story } from './story.ts'

describe('counts', () => {
  story('Three rejections in ten minutes are one P4 alarm, which ends after half an hour without another.', {
    kind: 'camera',
    steps: `
      0:00  rejected 1
      5:00  rejected 1
      9:00  rejected 1
      20:00 rejected 1
      1:00:00 end
    `,
    expect: `
      9:00  raised   repeated     data info P4 active
      50:00 returned quiet_again  data info P4 normal
      50:00 closed   not_required data info P4 normal
    `,
  })

  story('Two rejections now and then are nobody’s alarm.', {
    kind: 'camera',
    steps: `0:00..2:00:00/301 rejected 1`,
    expect: ``,
  })

  story('One message with three bad parts is enough.', {
    kind: 'camera',
    steps: `0:00 rejected 3`,
    expect: `0:00 raised repeated data info P4 active`,
  })

  story('A mobile network drops the line three times in half an hour: flapping, once.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=0
      1:00 disconnected
      2:00 gas_lel=0
      2:30 disconnected
      3:00 gas_lel=0
      3:30 disconnected
      4:00 disconnected
      5:00..40:00/60 gas_lel=0
    `,
    expect: `
      3:30  raised   repeated     flapping info P4 active
      34:00 returned quiet_again  flapping info P4 normal
      34:00 closed   not_required flapping info P4 normal
    `,
  })

  story('A clock that runs ahead in three messages in a row is told; one in order breaks the row.', {
    kind: 'camera',
    steps: `
      0:00 clock+400
      1:00 clock+400
      1:30 online
      2:00 !video_restored
      3:00 clock+400
      4:00 clock+400
      5:00 clock+400
    `,
    expect: `5:00 raised repeated clock info P4 active`,
  })

  story('A clock counted within ten minutes, not in a row: messages in order between them break nothing.', {
    kind: 'camera',
    rules: defaultRulesFor('camera').map((rule) => (rule.id === 'device.clock' ? { ...rule, window: 600 } : rule)),
    steps: `
      0:00 clock+400
      1:00 !video_restored
      2:00 clock+400
      3:00 !video_restored
      4:00 clock+400
    `,
    expect: `4:00 raised repeated clock info P4 active`,
  })
})

describe('lifecycle', () => {
  story('A retired device closes what is open, and is not heard any more.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      0:05 !tamper
      1:00 retire
      2:00 gas_lel=30
      2d   end
    `,
    expect: `
      0:00 raised threshold      gas_lel alarm P1 active
      0:05 raised device_flag    tamper  warn  P3 active
      1:00 closed device_retired gas_lel alarm P1 normal
      1:00 closed device_retired tamper  warn  P3 normal
    `,
  })

  story('New hardware: open alarms close as replaced, and it starts with a clean slate.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      1:00 replace
      2:00 gas_lel=30
    `,
    expect: `
      0:00 raised threshold       gas_lel alarm P1 active
      1:00 closed device_replaced gas_lel alarm P1 normal
      2:00 raised threshold       gas_lel alarm P1 active
    `,
  })

  story('A comment changes nothing, and is told.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=30
      0:10 comment
    `,
    expect: `
      0:00 raised    threshold gas_lel alarm P1 active
      0:10 commented human     gas_lel alarm P1 active
    `,
  })

  story('An act on an alarm that was never raised is refused.', {
    kind: 'gas',
    steps: `0:00 ack`,
    expect: `0:00 refused not_found`,
  })
})

describe('rules', () => {
  story('The attribute a limit needs is taken away while its alarm stands: it freezes, for somebody to look.', {
    kind: 'electricity',
    attributes: { powerLimitW: 1000 },
    steps: `
      0:00..1:00/60 power=1200
      1:10 rules {}
      1:20 ack
      2:00 power=100
      3:00 verify
    `,
    expect: `
      1:00 raised       on_delay_elapsed power alarm P3 active
      1:10 frozen       human            power alarm P3 frozen
      1:20 acknowledged human            power alarm P3 frozen acked
      3:00 closed       field_verified   power alarm P3 normal acked
    `,
  })

  story('The attribute comes back: the next value thaws the alarm and is judged by the new limit.', {
    kind: 'electricity',
    attributes: { powerLimitW: 1000 },
    steps: `
      0:00..1:00/60 power=1200
      1:10 rules {}
      1:20 rules {"powerLimitW":2000}
      2:00 power=1200
      3:00 power=1200
    `,
    expect: `
      1:00 raised   on_delay_elapsed  power alarm P3 active
      1:10 frozen   human             power alarm P3 frozen
      2:00 unfrozen good_value        power alarm P3 active
      3:00 returned off_delay_elapsed power alarm P3 normal
    `,
  })

  story('A higher limit holds from the next sample on; the alarm keeps the version that raised it.', {
    kind: 'electricity',
    attributes: { powerLimitW: 1000 },
    steps: `
      0:00..1:00/60 power=1200
      1:10 rules {"powerLimitW":2000}
      2:00 power=1200
      3:00 power=1200
    `,
    expect: `
      1:00 raised   on_delay_elapsed  power alarm P3 active
      3:00 returned off_delay_elapsed power alarm P3 normal
    `,
  })
})

describe('the hub about itself', () => {
  story('No armed desk for a minute: P2, until one is armed again.', {
    kind: 'gateway',
    steps: `
      0:00 hub no_desk on
      0:30 hub no_desk on
      2:00 hub no_desk off
      2:10 ack no_desk
    `,
    expect: `
      1:00 raised       hub_condition no_desk alarm P2 active
      2:00 returned     hub_condition no_desk alarm P2 normal
      2:10 acknowledged human         no_desk alarm P2 normal acked
      2:10 closed       acknowledged_and_normal no_desk alarm P2 normal acked
    `,
  })

  story('A desk that reconnects within a minute is nobody’s alarm.', {
    kind: 'gateway',
    steps: `
      0:00 hub no_desk on
      0:40 hub no_desk off
      2:00 end
    `,
    expect: ``,
  })
})

describe('restart', () => {
  story('An on-delay that ran out while the process was down has run out.', {
    kind: 'electricity',
    steps: `
      0:00 residual_current=350
      0:02 stop
      1:00 start
    `,
    expect: `1:00 raised on_delay_elapsed residual_current alarm P2 active`,
  })

  story('An off-delay does not run out while the hub is deaf: it begins again.', {
    kind: 'gas',
    steps: `
      0:00 gas_lel=12
      1:00 gas_lel=0
      1:10 stop
      3:00 start
      3:30 gas_lel=0 @3:20
      5:00 end
    `,
    expect: `
      0:00 raised   threshold         gas_lel warn P2 active
      3:30 returned off_delay_elapsed gas_lel warn P2 latched
    `,
  })

  story('A hub that was down for an hour does not call every device silent: it listens first.', {
    kind: 'gas',
    steps: `
      0:00    gas_lel=0
      1:00    stop
      1:00:00 start
      1:04:30 end
    `,
    expect: `1:04:00 raised silent silent warn P4 active`,
  })
})
