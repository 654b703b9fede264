// The dictionaries that come with a page of their own: both languages, the same parameters, and no word that nobody says.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Bilingual } from '../../../contract/rules.ts'
import { ENDINGS, NAMES, STATES, WORDS as COMMANDS } from '../../../dashboard/web/src/commands/words.ts'
import { WORDS as LABELS } from '../../../dashboard/web/src/install/label-words.ts'
import { WORDS as INSTALL } from '../../../dashboard/web/src/install/words.ts'

const WEB = join(import.meta.dirname, '..', '..', '..', 'dashboard', 'web', 'src')
const codeOf = (folder: string): string =>
  readdirSync(join(WEB, folder))
    .map((name) => readFileSync(join(WEB, folder, name), 'utf8'))
    .join('\n')
const parametersOf = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)/g)].map((match) => match[1] as string).toSorted()

const entriesOf = (...tables: readonly Readonly<Record<string, Bilingual>>[]) =>
  tables.flatMap((table) => Object.entries(table))

describe.each([
  ['commands', entriesOf(COMMANDS, STATES, ENDINGS, NAMES)],
  ['install', entriesOf(INSTALL, LABELS)],
])('the words of %s', (_folder, words) => {
  it('are there in both languages, with the same parameters', () => {
    for (const [key, { zh, en }] of words) {
      expect([key, parametersOf(en)]).toEqual([key, parametersOf(zh)])
      expect([key, /[\u4e00-\u9fff]/.test(en), zh === '' || en === '']).toEqual([key, false, false])
    }
  })
})

it.each([
  ['commands', 'say', COMMANDS],
  ['install', 'say', INSTALL],
  ['install', 'sayLabel', LABELS],
] as const)('every word of %s (%s) is said', (folder, how, words) => {
  const code = codeOf(folder)
  const asked = new Set([...code.matchAll(new RegExp(`\\b${how}\\(\\s*'([^']+)'`, 'g'))].map((match) => match[1]))
  const begun = [...code.matchAll(new RegExp(`\\b${how}\\(\`([a-z.]+)\\$\\{`, 'g'))].map((match) => match[1] as string)
  const said = (key: string) => asked.has(key) || begun.some((prefix) => key.startsWith(prefix))
  expect(asked.size).toBeGreaterThan(5)
  expect(Object.keys(words).filter((key) => !said(key))).toEqual([])
})
