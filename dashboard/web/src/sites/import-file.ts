// The workbook on its way to the hub, and the links of the people whom it invites.
import { cellIssueSchema, placesImportSchema } from '../../../../contract/http/places-import.ts'
import type { CellIssue, PlacesImport } from '../../../../contract/http/places-import.ts'
import { CallError } from '../api/client.ts'
import { ROUTES, withQuery } from '../api/routes.ts'
import { upload } from '../api/upload.ts'
import { say } from './say.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export const sendWorkbook = (file: Blob, preview: boolean, onSent: (share: number) => void): Promise<PlacesImport> =>
  upload(withQuery(ROUTES.placesImport, { preview }), file, placesImportSchema, onSent, XLSX)

/** What is wrong with which cell; empty when it is not about cells. */
export function issuesOf(error: unknown): readonly CellIssue[] {
  if (!(error instanceof CallError) || error.code !== 'invalid') return []
  const parsed = cellIssueSchema.array().safeParse(error.details['issues'])
  return parsed.success ? parsed.data : []
}

/** `origin`: where the links lead. A table that people open in a spreadsheet. */
export function invitationsCsv(invitations: PlacesImport['invitations'], linkOf: (code: string) => string): string {
  const quoted = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  const rows = invitations.map(({ username, name, code, endsAt }) =>
    [username, name, linkOf(code), new Date(endsAt).toISOString()].map(quoted).join(','),
  )
  return `\ufeff${say('import.links_head')}\r\n${rows.join('\r\n')}\r\n`
}
