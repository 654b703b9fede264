// The list of open alarms as it was when the link was last live: what a phone shows that is opened without a network. It lies
// beside the answers that the service worker keeps, and goes with them.
import * as z from 'zod'
import { alarmSchema } from '../../../../contract/alarms.ts'
import type { Alarm } from '../../../../contract/alarms.ts'
import { DATA_CACHE, KEPT_AT } from './worker/caches.ts'

const KEY = '/m/kept/alarms'
const listSchema = z.array(alarmSchema)

export interface KeptAlarms {
  readonly alarms: readonly Alarm[]
  readonly at: number
}

export async function keepAlarms(alarms: readonly Alarm[], at: number): Promise<void> {
  if (!('caches' in globalThis)) return
  const headers = { 'content-type': 'application/json', [KEPT_AT]: String(at) }
  await (await caches.open(DATA_CACHE)).put(KEY, new Response(JSON.stringify(alarms), { headers }))
}

export async function recallAlarms(): Promise<KeptAlarms | null> {
  if (!('caches' in globalThis)) return null
  const kept = await (await caches.open(DATA_CACHE)).match(KEY)
  const parsed = listSchema.safeParse(await kept?.json())
  return kept === undefined || !parsed.success ? null : { alarms: parsed.data, at: Number(kept.headers.get(KEPT_AT)) }
}
