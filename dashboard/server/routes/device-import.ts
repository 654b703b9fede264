// Many devices at once from a table, all or nothing.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import { MAX_IMPORT_BYTES, importResultSchema } from '../../../contract/http/devices.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { decodeTable, readTable } from '../import/csv.ts'
import { errors } from './answers.ts'

export function importRoutes(app: App, { ports }: Context): void {
  app.addContentTypeParser<Buffer>(
    'text/csv',
    { parseAs: 'buffer', bodyLimit: MAX_IMPORT_BYTES },
    (_request, body, done) => done(null, decodeTable(body)),
  )

  app.post(
    `${API_ROOT}/devices/import`,
    {
      config: { access: role('devices:write', 'whole_hub') },
      bodyLimit: MAX_IMPORT_BYTES,
      schema: {
        summary: '从 CSV 导入设备，全部成功或全部不做。 Imports devices from CSV, all or none.',
        consumes: ['text/csv'],
        body: z.string().describe('A header row of field names, then one row a device'),
        response: { 201: importResultSchema, ...errors },
        tags: ['devices'],
      },
    },
    async (request, reply) => {
      const table = await readTable(request.body)
      if (!table.ok) {
        const first = table.issues[0]
        throw new ApiError(
          'invalid',
          { line: first?.line, field: first?.field, issues: table.issues },
          `第 ${first?.line} 行: ${first?.message} (line ${first?.line})`,
        )
      }
      const tokens = await ports.registry.devices.import(
        actorOf(principalOf(request), request.from.address),
        table.rows,
      )
      return reply.code(201).send({ created: tokens.length, tokens })
    },
  )
}
