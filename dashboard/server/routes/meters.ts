// A month's electricity of a house, room by room: on the screen and as a file. How much somebody uses tells how they live, so
// it is for those alone who may see leases.
import { Readable } from 'node:stream'
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import { meterSheetQuerySchema, meterSheetSchema } from '../../../contract/http/meters.ts'
import type { MeterSheet } from '../../../contract/http/meters.ts'
import type { Room } from '../../../contract/http/rentals.ts'
import type { Scope } from '../../../records/scope.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { meterSheet } from '../meters/meter-sheet.ts'
import { meterTable } from '../meters/meter-table.ts'
import { monthSpan } from '../meters/month.ts'
import { errors, idParams } from './answers.ts'

const ROOMS_PER_READ = 500

export function meterRoutes(app: App, { ports, now }: Context): void {
  const { rooms, audit } = ports.records
  const tags = ['rentals']
  const access = role('leases:read', 'site')

  async function sheetOf(scope: Scope, siteId: string, month: string): Promise<MeterSheet> {
    const { from, to } = monthSpan(month)
    const all: Room[] = []
    let cursor: string | undefined
    do {
      const page = await rooms.list(scope, siteId, { limit: ROOMS_PER_READ, cursor })
      all.push(...page.items)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    const stays = await rooms.stays(siteId, from, to)
    return meterSheet({ siteId, month, now: now(), rooms: all, stays }, ports.readings)
  }

  app.get(
    `${API_ROOT}/sites/:id/meters`,
    {
      config: { access },
      schema: {
        summary: '一个月各房间的用电量。 The electricity of each room in one month.',
        params: idParams,
        querystring: meterSheetQuerySchema.strict(),
        response: { 200: meterSheetSchema, ...errors },
        tags,
      },
    },
    (request) => sheetOf(principalOf(request).scope, request.params.id, request.query.month),
  )

  app.get(
    `${API_ROOT}/sites/:id/meters/export`,
    {
      config: { access },
      schema: {
        summary:
          '同一张抄表单，UTF-8 CSV，记入审计。 The same sheet as a CSV in UTF-8 with a byte order mark; it is audited.',
        produces: ['text/csv'],
        params: idParams,
        querystring: meterSheetQuerySchema.strict(),
        response: { 200: z.unknown().describe('text/csv'), ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { id } = request.params
      const { month } = request.query
      const actor = actorOf(principal, request.from.address)
      await audit.record(actor, 'meters.exported', `site:${id}`, [`month=${month}`])
      const sheet = await sheetOf(principal.scope, id, month)
      void reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="zhian-meters-${month}.csv"`)
        .header('cache-control', 'no-store')
      return reply.send(Readable.from(meterTable(sheet)))
    },
  )
}
