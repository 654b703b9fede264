// A county's register from one workbook: 15 towns, 150 villages, 2,000 sites, 6,000 rooms, 200 people.
import { county, workbook } from '../dashboard/server/workbooks.ts'
import { withHub } from './hub.ts'
import { atMost, figure } from './row.ts'
import type { BenchOptions, BenchRow } from './row.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const AT_MOST_S = 20
const A_TENTH = { towns: 2, villages: 15, sites: 200, rooms: 600, people: 20 }

export async function benchImport({ quick }: BenchOptions): Promise<BenchRow[]> {
  const file = await workbook(quick ? county(A_TENTH) : county())
  return withHub(async (hub, admin) => {
    const send = async (preview: boolean): Promise<number> => {
      const begun = performance.now()
      const answer = await fetch(`${hub.base}/api/v1/places/import?preview=${preview}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin.token}`, 'content-type': XLSX },
        body: new Uint8Array(file),
      })
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
      await answer.arrayBuffer()
      return (performance.now() - begun) / 1_000
    }
    return [
      figure('a county’s workbook, preview', await send(true), 's'),
      atMost('… imported', await send(false), 's', AT_MOST_S),
      figure('… the same again: nothing to do', await send(false), 's'),
    ]
  })
}
