// Gas and carbon monoxide: no on-delay, everything latches.
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
})
