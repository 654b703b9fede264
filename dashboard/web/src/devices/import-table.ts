// The table of an import: its template, the lines errors name, and the tokens it gives back. Pure.
import * as z from 'zod'
import type { ImportResult } from '../../../../contract/http/devices.ts'

export const TEMPLATE = [
  'id,kind,name,area,site,contact_name,contact_phone',
  'elec-0001,electricity,总进线,示范县/青禾街道/槐荫社区,槐荫 12 号,李阿姨,13800000012',
  'gas-0001,gas,厨房燃气,示范县/青禾街道/槐荫社区,槐荫 12 号,李阿姨,13800000012',
  '',
].join('\r\n')

export interface LineIssue {
  /** Physical line, the header being 1. */
  readonly line: number
  readonly field: string
  readonly message: string
}

const issuesSchema = z.array(z.object({ line: z.number().int(), field: z.string().catch(''), message: z.string() }))

/** What the hub found, line by line; the first alone if it only names one. */
export function issuesOf(details: Readonly<Record<string, unknown>>, message: string): LineIssue[] {
  const parsed = issuesSchema.safeParse(details['issues'])
  if (parsed.success && parsed.data.length > 0) return parsed.data
  const line = details['line']
  return typeof line === 'number' ? [{ line, field: String(details['field'] ?? ''), message }] : []
}

/** The text of a physical line, cut to what fits beside its error. */
export const lineOf = (text: string, line: number): string => (text.split(/\r\n|\n|\r/)[line - 1] ?? '').slice(0, 200)

/** Ids and tokens have no comma, quote or line break: no quoting is needed. */
export const tokensCsv = (tokens: ImportResult['tokens']): string =>
  ['id,token', ...tokens.map(({ id, token }) => `${id},${token}`), ''].join('\r\n')
