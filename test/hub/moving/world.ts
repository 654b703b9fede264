// A hub with a past (people, places, files, alarms, readings over several days), stopped; and the servers of the cluster that
// it is to move into.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { Client } from 'pg'
import { Api } from '../../support/api.ts'
import { ADMIN_PASSWORD, ROOT, startHubProcess, until } from '../../support/hub-process.ts'
import type { HubProcess } from '../../support/hub-process.ts'
import type { Alarm } from '../../../contract/alarms.ts'
import type { Page } from '../../../contract/http/common.ts'

const DAY_MS = 86_400_000
export const METERS = 24
const READINGS_A_METER = 300
/** One white pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==',
  'base64',
)

export interface PastHub extends HubProcess {
  /** Of its devices, by id. */
  readonly tokens: ReadonlyMap<string, string>
}

/** Answers with the hub still running. */
export async function hubWithPast(): Promise<PastHub> {
  const tokens = new Map<string, string>()
  const hub = await startHubProcess({ environment: { ZHIAN_DEVICE_RATE: '0' } })
  const admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
  const site = await admin.ok<{ id: string }>('POST', '/sites', {
    name: '12 号',
    area: '示范县/青禾街道/槐荫社区',
    contacts: [{ name: '李阿姨', phone: '138-0000-0012', role: '房东' }],
  })
  for (const username of ['zhou', 'wang'])
    await admin.ok('POST', '/users', {
      ...{ username, name: `${username} 值班员`, role: 'duty', password: 'night shift 2026', mustChange: false },
    })
  const room = await admin.ok<{ id: string }>('POST', `/sites/${site.id}/rooms`, { floor: 3, name: '302', area: 18.4 })
  await admin.ok('POST', `/rooms/${room.id}/leases`, {
    ...{ tenant: { name: '王小明', phone: '13900001111', people: 2 }, from: '2026-01-01' },
  })
  const picture = await fetch(`${hub.base}/api/v1/files?subject=site:${site.id}&name=plan.png`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'image/png' },
    body: PICTURE,
  })
  if (!picture.ok) throw new Error(`file: ${picture.status} ${await picture.text()}`)

  const register = async (id: string, kind: string): Promise<string> => {
    const device = { id, kind, name: `${id} 厨房`, siteId: site.id }
    const { token } = await admin.ok<{ token: string }>('POST', '/devices', device)
    tokens.set(id, token)
    return token
  }
  const now = Date.now()
  const lives = Array.from({ length: METERS }, async (_, i) => {
    const id = `meter-${i}`
    const line = await connectTo(hub, id, await register(id, 'electricity'))
    // Four days of them, the newest a minute ago; every value another.
    const all = Array.from({ length: READINGS_A_METER }, (_reading, n) => ({
      ts: now - 60_000 - Math.floor((n * 4 * DAY_MS) / READINGS_A_METER),
      values: { residual_current: Math.round((5 + i + n / 7) * 100) / 100, temperature_a: 20 + ((i * n) % 30) },
    })).toReversed()
    for (let from = 0; from < all.length; from += 100)
      await line.publishAsync(`zhian/v1/${id}/readings`, JSON.stringify(all.slice(from, from + 100)), { qos: 1 })
    await line.endAsync()
  })
  await Promise.all(lives)
  for (const id of ['gas-1', 'gas-2']) {
    const line = await connectTo(hub, id, await register(id, 'gas'))
    await line.publishAsync(`zhian/v1/${id}/readings`, JSON.stringify({ values: { gas_lel: 26 } }), { qos: 1 })
    await line.publishAsync(`zhian/v1/${id}/status`, JSON.stringify({ state: 'online' }), { qos: 1 })
    await line.endAsync()
  }
  const { items } = await until('both have raised', async () => {
    const page = await admin.ok<Page<Alarm>>('GET', '/alarms?open=true')
    return page.items.filter(({ kind }) => kind === 'gas').length >= 2 ? page : null
  })
  const [first] = items.filter(({ deviceId }) => deviceId === 'gas-1')
  if (first === undefined) throw new Error('no alarm')
  await admin.ok('POST', `/alarms/${first.id}/ack`, {
    seq: first.seq,
    reason: 'calling',
    comment: '正在联系\u0000户主',
  })
  return Object.assign(hub, { tokens })
}

export async function connectTo(
  hub: { readonly mqttPort: number | null },
  id: string,
  token: string,
): Promise<mqtt.MqttClient> {
  return mqtt.connectAsync(`mqtt://127.0.0.1:${String(hub.mqttPort)}`, {
    username: id,
    password: token,
    reconnectPeriod: 0,
  })
}

export interface MoveRun {
  readonly code: number | null
  readonly output: string
}

/** Runs the command; `killAt`: it is killed a moment after it has said this. */
export async function migrateStore(
  environment: Readonly<Record<string, string>>,
  options: { readonly more?: readonly string[]; readonly killAt?: string; readonly killAfterMs?: number } = {},
): Promise<MoveRun> {
  const { more = [], killAt, killAfterMs = 0 } = options
  const child = spawn(
    process.execPath,
    [join(ROOT, 'hub', 'migrate-store.ts'), '--from', 'embedded', '--to', 'cluster', ...more],
    { cwd: ROOT, env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  let killing = false
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (killAt === undefined || killing || !output.includes(killAt)) return
      killing = true
      setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    })
  await once(child, 'close')
  return { code: child.exitCode, output }
}

/** A folder of its own with the same in it. */
export function copyOf(directory: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'zhian-moving-'))
  cpSync(directory, path, { recursive: true })
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')
