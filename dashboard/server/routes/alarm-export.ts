// The alarm history as a file: what the list shows under the same filters, within the caller's scope, written down.
import { Readable } from 'node:stream'
import * as z from 'zod'
import { alarmFilterSchema } from '../../../contract/http/alarms.ts'
import { API_ROOT } from '../../../contract/http/common.ts'
import type { AlarmFilter } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { alarmTable, alarmTableName } from '../export/alarm-table.ts'
import { errors } from './answers.ts'

export function alarmExportRoutes(app: App, { ports, now }: Context): void {
  const { alarms, audit } = ports.records
  app.get(
    `${API_ROOT}/alarms/export`,
    {
      config: { access: role('alarms:read', 'filtered') },
      schema: {
        summary:
          '按条件导出报警，最新的在前，UTF-8 CSV，记入审计。 Exports alarms as a CSV in UTF-8 with a byte order mark, newest first; it is audited.',
        produces: ['text/csv'],
        querystring: alarmFilterSchema,
        response: { 200: z.unknown().describe('text/csv'), ...errors },
        tags: ['alarms'],
      },
    },
    async (request, reply) => {
      const { userId, scope } = principalOf(request)
      // Written down before the first byte leaves: an export that breaks off has been taken all the same.
      await audit.record(
        { userId, address: request.from.address },
        'alarms.exported',
        'alarms',
        auditedFilter(request.query),
      )
      const at = now()
      void reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${alarmTableName(at)}"`)
        .header('cache-control', 'no-store')
      return reply.send(Readable.from(alarmTable(alarms.pages(scope, request.query), at), { highWaterMark: 1 }))
    },
  )
}

/** What was asked for; of a search only that there was one, for people search for names. */
function auditedFilter(filter: AlarmFilter): string[] {
  return Object.entries(filter).flatMap(([name, value]) =>
    value === undefined ? [] : [name === 'q' ? name : `${name}=${value}`],
  )
}
