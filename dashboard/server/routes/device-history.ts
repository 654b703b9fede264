// What a device measured, told, and had rejected.
import { API_ROOT, pageOf, pageQuerySchema } from '../../../contract/http/common.ts'
import {
  deviceCountersSchema,
  deviceEventsQuerySchema,
  deviceEventsSchema,
  latestSchema,
  readingsQuerySchema,
  rejectionSchema,
  seriesSchema,
} from '../../../contract/http/devices.ts'
import { metricOf } from '../../../contract/kinds/table.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { ApiError, invalid } from '../errors.ts'
import { errors, idParams } from './answers.ts'

const access = role('devices:read', 'device')

export function deviceHistoryRoutes(app: App, { ports, now }: Context): void {
  const tags = ['readings']

  app.get(
    `${API_ROOT}/devices/:id/readings`,
    {
      config: { access },
      schema: {
        summary: '一个指标的历史，按点数分段。 The history of one metric in as many points as asked for.',
        params: idParams,
        querystring: readingsQuerySchema,
        response: { 200: seriesSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id, kind } = subjectOf(request, 'device')
      const { metric, from, to, points } = request.query
      const described = metricOf(kind, metric)
      if (described === undefined) throw invalid([{ path: 'metric', message: `${kind} has no metric ${metric}` }])
      if (to <= from) throw invalid([{ path: 'to', message: 'must be after from' }])
      const series = await ports.readings.series({ deviceId: id, kind, metric, from, to, points })
      return { metric, unit: described.unit, points: [...series] }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/latest`,
    {
      config: { access },
      schema: {
        summary: '各指标的最新值。 The newest value of each metric.',
        params: idParams,
        response: { 200: latestSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id, kind } = subjectOf(request, 'device')
      const values = await ports.readings.latest(id, kind)
      return {
        deviceId: id,
        values: values.map((value) => ({ ...value, unit: metricOf(kind, value.metric)?.unit ?? '' })),
      }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/events`,
    {
      config: { access },
      schema: {
        summary: '设备上报的事件。 The events that the device told.',
        params: idParams,
        querystring: deviceEventsQuerySchema,
        response: { 200: deviceEventsSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { from, to, limit } = request.query
      const deviceId = subjectOf(request, 'device').id
      // A device whose clock runs ahead told things from the future; they belong to now.
      const until = to ?? now() + 86_400_000
      const items = await ports.readings.events({ deviceId, from, to: until, limit })
      return { items: items.map((item) => ({ ...item, data: { ...item.data } })) }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/counters`,
    {
      config: { access },
      schema: {
        summary: '一个指标的历史，按点数分段。 The history of one metric in as many points as asked for.',
        params: idParams,
        response: { 200: deviceCountersSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id } = subjectOf(request, 'device')
      const account = await ports.counters.ofDevice(id)
      if (account === null) throw new ApiError('not_found')
      return { deviceId: id, ...account, byReason: { ...account.byReason } }
    },
  )

  app.get(
    `${API_ROOT}/devices/:id/rejections`,
    {
      config: { access },
      schema: {
        summary: '被拒收的数据及原因。 What was rejected of the device’s data, and why.',
        params: idParams,
        querystring: pageQuerySchema,
        response: { 200: pageOf(rejectionSchema), ...errors },
        tags,
      },
    },
    (request) => ports.records.rejections.list(principalOf(request).scope, request.params.id, request.query),
  )
}
