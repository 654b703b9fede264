// Devices put up by an installer: registered or claimed, replaced in place, and how often they report.
import { API_ROOT } from '../../../contract/http/common.ts'
import type { Device } from '../../../contract/http/devices.ts'
import {
  installSchema,
  installedSchema,
  replaceSchema,
  replacedSchema,
  reportingIntervalSchema,
  setIntervalSchema,
} from '../../../contract/http/installs.ts'
import type { ReportingInterval } from '../../../contract/http/installs.ts'
import { KINDS } from '../../../contract/kinds/table.ts'
import type { LedgerDevice } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { learnInterval, suggestInterval } from '../learned-interval.ts'
import type { Readings } from '../ports.ts'
import { errors, idParams } from './answers.ts'

/** China has had one zone without daylight saving since 1991: UTC+8. */
const SHANGHAI_OFFSET = 8 * 3_600_000
const dayOf = (now: number): string => new Date(now + SHANGHAI_OFFSET).toISOString().slice(0, 10)

/** Arrivals are looked for in so many intervals back, then in a day, then in a week. */
const INTERVALS_BACK = 20
const DAY = 86_400_000
const BUCKETS = 2_000

export function installRoutes(app: App, { ports, now }: Context): void {
  const tags = ['installs']
  const present = (device: LedgerDevice): Device => ({ ...device, ...ports.presence.of(device.id) })

  app.post(
    `${API_ROOT}/installations`,
    {
      config: { access: role('devices:install', 'filtered') },
      schema: {
        summary:
          '安装设备：登记新设备或认领已备好的设备；令牌只给出这一次。 Puts a device up: registers it, or claims one that was prepared; its token is given out only now.',
        body: installSchema.strict(),
        response: { 201: installedSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { body } = request
      if ((await ports.records.places.site(principal.scope, body.siteId)) === null) throw new ApiError('not_found')
      const actor = actorOf(principal, request.from.address)
      const name = body.name ?? `${KINDS[body.kind].label.zh} ${body.position}`.slice(0, 120)
      const given = { ...body, name, installedAt: dayOf(now()) }
      const { device, token, claimed } = await ports.registry.installations.install(actor, principal.scope, given)
      return reply.code(201).send({ ...present(device), token, claimed })
    },
  )

  app.post(
    `${API_ROOT}/devices/:id/replace`,
    {
      config: { access: role('devices:install', 'device') },
      schema: {
        summary:
          '原位更换：编号、位置、历史不变，旧令牌立即失效。 Puts another set in its place: id, place and history stay, the old token stops working at once.',
        params: idParams,
        body: replaceSchema.strict(),
        response: { 200: replacedSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      const { id } = subjectOf(request, 'device')
      const given = { ...request.body, installedAt: dayOf(now()) }
      const { device, token } = await ports.registry.installations.replace(actor, id, given)
      return { ...present(device), token }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/interval`,
    {
      config: { access: role('devices:read', 'device') },
      schema: {
        summary: '设备实际多久上报一次，与登记的相差多少。 How often a device really reports, against what is set.',
        params: idParams,
        response: { 200: reportingIntervalSchema, ...errors },
        tags,
      },
    },
    (request) => intervalOf(subjectOf(request, 'device'), ports.readings, now()),
  )

  app.put(
    `${API_ROOT}/devices/:id/interval`,
    {
      config: { access: role('devices:install', 'device') },
      schema: {
        summary: '采用一个上报间隔：离线判断以它为准。 Takes a reporting interval: silence is judged by it.',
        params: idParams,
        body: setIntervalSchema.strict(),
        response: { 200: reportingIntervalSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      const { id } = subjectOf(request, 'device')
      const change = { reportEverySeconds: request.body.seconds }
      return intervalOf(await ports.registry.installations.describe(actor, id, change), ports.readings, now())
    },
  )
}

async function intervalOf(
  { id, kind, attributes }: LedgerDevice,
  readings: Readings,
  to: number,
): Promise<ReportingInterval> {
  const own = attributes['reportEverySeconds']
  const set = typeof own === 'number' ? own : null
  const usual = KINDS[kind].reportEverySeconds
  const holds = set ?? usual
  const learned = await learn(id, kind, readings, to, holds)
  return { deviceId: id, set, usual, learned, suggested: suggestInterval(learned, holds) }
}

async function learn(
  deviceId: string,
  kind: LedgerDevice['kind'],
  readings: Readings,
  to: number,
  holds: number | null,
): Promise<number | null> {
  const [newest] = (await readings.latest(deviceId, kind)).toSorted((a, b) => b.ts - a.ts)
  if (newest === undefined) return null
  for (const span of [(holds ?? 60) * 1_000 * INTERVALS_BACK, DAY, 7 * DAY]) {
    const query = { deviceId, kind, metric: newest.metric, from: to - span, to: to + 1, points: BUCKETS }
    const learned = learnInterval(await readings.series(query), span / BUCKETS)
    if (learned !== null) return learned
  }
  return null
}
