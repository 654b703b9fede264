// A door says who opened it by a pseudonym. It explains an alarm for some weeks; after that it only tells how somebody lives,
// and goes: the event stays, without its person.
import { type Lane, numberOf } from './database.ts'
import { tablesOf } from './catalog.ts'
import { dayStart, EVENTS, monthStart, PERSON_DAYS } from './schema.ts'

const KIND = 'access'
/** Setting: the day up to which they are gone. Late events may bring older ones: every day looks at all months again. */
const DONE = 'persons_forgotten'

/** The member as the store wrote it, `JSON.stringify`: a quote inside a string stands behind a backslash. RE2. */
const PERSON = '"person":"(?:[^"\\\\]|\\\\.)*"'

/** Once a day, month by month, each in its own transaction; begun anew after a crash. Returns how many events changed. */
export async function forgetPersons(lane: Lane, today: number): Promise<number> {
  const last = today - PERSON_DAYS
  const [done] = await lane.rows(`SELECT value FROM meta WHERE name = '${DONE}'`)
  if (done !== undefined && numberOf(done['value']) >= last) return 0
  const { partitions } = await tablesOf(lane, EVENTS)
  let changed = 0
  for (const { table, period } of partitions) {
    if (monthStart(period) >= dayStart(last)) continue
    const due = `kind = '${KIND}' AND ts < ${dayStart(last)} AND regexp_matches(data, '${PERSON}')`
    await lane.transaction(async () => {
      const [row] = await lane.rows(`SELECT count(*) AS n FROM ${table} WHERE ${due}`)
      changed += numberOf(row?.['n'])
      if (numberOf(row?.['n']) === 0) return
      await lane.execute(
        `UPDATE ${table} SET data = regexp_replace(regexp_replace(data, ',${PERSON}', '', 'g'), '${PERSON},?', '', 'g')
         WHERE ${due}`,
      )
    })
  }
  await lane.transaction(async () => {
    await lane.execute(`DELETE FROM meta WHERE name = '${DONE}'`)
    await lane.execute(`INSERT INTO meta VALUES ('${DONE}', ${last})`)
  })
  return changed
}
