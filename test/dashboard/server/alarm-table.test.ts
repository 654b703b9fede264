// The rows of the exported file, by themselves.
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../../contract/alarms.ts'
import { alarmTable } from '../../../dashboard/server/export/alarm-table.ts'

const NOW = 1_795_000_000_000
const ALARM: Alarm = {
  id: 'a1',
  seq: 1,
  deviceId: 'YG-33',
  deviceName: '二楼走道',
  siteId: 's1',
  place: ['示范县', '槐荫 33 号'],
  kind: 'smoke',
  category: 'fire',
  ruleId: 'smoke.smoke',
  ruleVersion: 1,
  signal: 'smoke',
  channel: '',
  level: 'alarm',
  priority: 1,
  condition: 'active',
  ack: null,
  suppression: null,
  mode: 'normal',
  latched: true,
  title: { zh: '火警（感烟）', en: 'Fire alarm (smoke)' },
  value: 1,
  limit: 1,
  unit: '',
  reason: 'threshold',
  occurrences: 1,
  raisedAt: NOW - 60_000,
  clearedAt: null,
  updatedAt: NOW,
  closedAt: null,
  verdict: null,
}

/** One alarm's row, by the English of its column. */
async function rowOf(changes: Partial<Alarm>): Promise<(column: string) => string> {
  async function* pages() {
    yield [{ ...ALARM, ...changes }]
  }
  let file = ''
  for await (const piece of alarmTable(pages(), NOW)) file += piece
  const [head = [], row = []] = parse(file, { bom: true }) as string[][]
  return (column) => row[head.findIndex((text) => text.endsWith(column))] ?? 'no such column'
}

describe('the exported row', () => {
  it('of a 0/1 signal says its word, not a number against a limit', async () => {
    const on = await rowOf({})
    expect([on('Value'), on('Limit'), on('Unit')]).toEqual(['报警 alarm', '', ''])
    const off = await rowOf({ value: 0, condition: 'latched' })
    expect([off('Value'), off('Limit')]).toEqual(['', ''])
    const measured = await rowOf({ kind: 'electricity', signal: 'temperature', channel: 'b', value: 73.4, unit: '℃' })
    expect([measured('Value'), measured('Limit'), measured('Unit')]).toEqual(['73.4', '1', '℃'])
    const unknown = await rowOf({ kind: 'hub', signal: 'no_desk', value: 3, limit: null })
    expect([unknown('Value'), unknown('Limit')]).toEqual(['3', ''])
  })

  it('has the verdict and its cause', async () => {
    const judged = await rowOf({ verdict: 'false', verdictCause: '油烟' })
    expect([judged('Verdict'), judged('Cause')]).toEqual(['误报 false', '油烟'])
    const open = await rowOf({})
    expect([open('Verdict'), open('Cause')]).toEqual(['', ''])
  })
})
