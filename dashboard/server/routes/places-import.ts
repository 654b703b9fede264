// Areas, sites, rooms and people from a workbook, and the workbook to begin with.
import * as z from 'zod'
import { API_ROOT } from '../../../contract/http/common.ts'
import {
  MAX_WORKBOOK_BYTES,
  placesImportQuerySchema,
  placesImportSchema,
} from '../../../contract/http/places-import.ts'
import { INVITATION_MS } from '../../../contract/http/sign-in.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { ApiError } from '../errors.ts'
import { PlaceSheets } from '../import/place-sheets.ts'
import { placeTemplate } from '../import/place-template.ts'
import { readWorkbook } from '../import/workbook.ts'
import { errors } from './answers.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export function placesImportRoutes(app: App, { ports, now }: Context): void {
  const access = role('places:import', 'whole_hub')
  const tags = ['places']

  app.addContentTypeParser<Buffer>(XLSX, { parseAs: 'buffer', bodyLimit: MAX_WORKBOOK_BYTES }, (_request, body, done) =>
    done(null, body),
  )

  app.get(
    `${API_ROOT}/places/template.xlsx`,
    {
      config: { access },
      schema: {
        summary: '导入模板：区域、场所、房间、人员四张表。 The workbook to begin with: areas, sites, rooms, people.',
        produces: [XLSX],
        response: { 200: z.unknown().describe(XLSX), ...errors },
        tags,
      },
    },
    async (_request, reply) => {
      void reply.type(XLSX).header('content-disposition', 'attachment; filename="zhian-places.xlsx"')
      return reply.send(await placeTemplate())
    },
  )

  app.post(
    `${API_ROOT}/places/import`,
    {
      config: { access },
      bodyLimit: MAX_WORKBOOK_BYTES,
      schema: {
        summary:
          '从工作簿导入区域、场所、房间、人员，全部成功或全部不做；错误指到单元格。 Imports areas, sites, rooms and people from a workbook, all or none; every error at its cell.',
        consumes: [XLSX],
        querystring: placesImportQuerySchema,
        body: z.instanceof(Buffer).describe('The workbook'),
        response: { 200: placesImportSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { preview } = request.query
      const sheets = new PlaceSheets(await readWorkbook(request.body))
      if (sheets.issues.length > 0) throw refused(sheets)
      const endsAt = now() + INVITATION_MS
      const actor = actorOf(principalOf(request), request.from.address)
      const outcome = await ports.registry.importPlaces(actor, sheets.plan, { preview, invitedUntil: endsAt })
      if (!outcome.ok) {
        sheets.add(outcome.problems)
        throw refused(sheets)
      }
      const invitations = preview ? [] : outcome.invitations.map((one) => ({ ...one, endsAt }))
      return { preview, counts: outcome.counts, invitations }
    },
  )
}

function refused({ issues }: PlaceSheets): ApiError {
  const [first] = issues
  const where = first === undefined ? '' : `${first.sheet} ${first.column}${first.row}: ${first.message}`
  return new ApiError('invalid', { issues }, `没有导入任何内容，请按提示修改后再试。${where} Nothing was imported.`)
}
