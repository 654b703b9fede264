// Areas, sites, rooms and people from a workbook (XLSX): all or nothing, with a preview and every error at its cell.
import * as z from 'zod'
import { instantSchema } from '../ids.ts'

/** Bytes of the file as it is sent. */
export const MAX_WORKBOOK_BYTES = 16 * 1024 * 1024
/** Rows of one sheet, its header included. */
export const MAX_WORKBOOK_ROWS = 20_000

export const IMPORT_SHEETS = ['areas', 'sites', 'rooms', 'people'] as const
export type ImportSheet = (typeof IMPORT_SHEETS)[number]

export const cellIssueSchema = z.object({
  /** As the workbook names the sheet. */
  sheet: z.string(),
  /** As a spreadsheet counts: the header is 1. */
  row: z.number().int().min(1),
  /** `C`; '' where it is about the whole row. */
  column: z.string(),
  /** What is wrong and what to do. */
  message: z.string(),
})
export type CellIssue = z.infer<typeof cellIssueSchema>

const countsSchema = z.object({
  created: z.number().int().min(0),
  changed: z.number().int().min(0),
  unchanged: z.number().int().min(0),
})
export type ImportCounts = z.infer<typeof countsSchema>

export const placesImportQuerySchema = z.object({
  /** Says what would be done, and does nothing. */
  preview: z.stringbool().default(false),
})
export const placesImportSchema = z.object({
  preview: z.boolean(),
  counts: z.object({ areas: countsSchema, sites: countsSchema, rooms: countsSchema, people: countsSchema }),
  /** For each new person the code of the link at which they set their password; answered this once, none in a preview. */
  invitations: z.array(z.object({ username: z.string(), name: z.string(), code: z.string(), endsAt: instantSchema })),
})
export type PlacesImport = z.infer<typeof placesImportSchema>
