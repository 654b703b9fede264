// InfluxDB under the contract of reading stores. Without ZHIAN_INFLUX_URL and ZHIAN_INFLUX_TOKEN (of an operator) in the
// environment it is an imitation that answers: it shows that the store asks rightly as the language is written, not that a
// real server answers so.
import { setUpInflux } from '../../../ingest/readings/influx-admin.ts'
import { createInfluxStore } from '../../../ingest/readings/influx-store.ts'
import { imitateInflux } from '../../support/services/influx/server.ts'
import { readingStoreContract } from './contract.ts'
import { KEEP, KINDS } from './county.ts'

const real = { url: process.env['ZHIAN_INFLUX_URL'], token: process.env['ZHIAN_INFLUX_TOKEN'] }
const ends: (() => unknown)[] = []

async function server(): Promise<{ url: string; token: string; org: string }> {
  if (real.url !== undefined && real.token !== undefined)
    return { url: real.url, token: real.token, org: process.env['ZHIAN_INFLUX_ORG'] ?? 'zhian' }
  const imitation = await imitateInflux()
  ends.push(() => imitation.stop())
  return imitation
}

readingStoreContract(
  real.url === undefined ? 'InfluxDB (imitated; set ZHIAN_INFLUX_URL for a real one)' : 'InfluxDB',
  { lastDeliveryWins: true },
  async () => {
    const { url, token, org } = await server()
    const at = { url, token, org, bucket: `zhian-test-${process.pid}`, retention: KEEP }
    await setUpInflux(at, () => undefined)
    const store = createInfluxStore({ ...at, kinds: KINDS, now: Date.now })
    await store.start()
    return { ...store, settle: () => Promise.resolve() }
  },
  async () => {
    for (const end of ends.splice(0)) await end()
  },
)
