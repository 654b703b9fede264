// The dictionary: complete in both languages, and no key that no page uses.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REFUSAL_REASONS } from '../../../broker/refusals.ts'
import { WORDS } from '../../../dashboard/web/src/demo/words.ts'
import { WORDS as SEARCH_WORDS } from '../../../dashboard/web/src/search/words.ts'
import { fetchLanguage, textOf } from '../../../dashboard/web/src/text/dictionary.ts'
import { en } from '../../../dashboard/web/src/text/en.ts'
import { age, ageShort, clock, figure, fullInstant, milliseconds } from '../../../dashboard/web/src/text/format.ts'
import { zh } from '../../../dashboard/web/src/text/zh.ts'
import { WORDS as WALL_WORDS } from '../../../dashboard/web/src/wall/words.ts'

const SOURCE = join(import.meta.dirname, '../../../dashboard/web/src')
const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !/text[\\/](zh|en)\.ts$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), 'utf8') }))
const code = sources.map(({ text }) => text).join('\n')
const withoutComments = (text: string) =>
  text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
const keys = Object.keys(zh) as (keyof typeof zh)[]
const parametersOf = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].toSorted()

/** `t('a.b')`, and any quoted key in a table of keys. */
const literals = new Set(
  [...code.matchAll(/['"]([a-z0-9_]+(?:\.[a-z0-9_]+)+)['"]/gi)].map((match) => match[1] as string),
)
/** t(`a.${…}`): every key that begins so counts as used; the compiler holds the rest of the name. */
const prefixes = [...code.matchAll(/`([a-z0-9_.]+\.)\$\{/gi)].map((match) => match[1] as string)

describe('the dictionary', () => {
  it('has the same keys and parameters in English', () => {
    expect(Object.keys(en).toSorted()).toEqual(keys.toSorted())
    for (const key of keys) expect([key, parametersOf(en[key])]).toEqual([key, parametersOf(zh[key])])
  })

  it('has a word for every reason that the broker refuses for', () => {
    expect(REFUSAL_REASONS.filter((reason) => !Object.hasOwn(zh, `refused.${reason}`))).toEqual([])
  })

  it('has no empty text', () => {
    for (const key of keys) expect([key, zh[key].trim() !== '' && en[key].trim() !== '']).toEqual([key, true])
  })

  it('misses no key that a page asks for', () => {
    const asked = [...code.matchAll(/\bt\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1] as string)
    expect(asked.length).toBeGreaterThan(100)
    expect(asked.filter((key) => !Object.hasOwn(zh, key))).toEqual([])
  })

  it('has no key that no page uses', () => {
    expect(keys.filter((key) => !literals.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)))).toEqual([])
  })

  it('keeps the words of the trade: never 告警, 预警, 静音 or 确认 for what they are not', () => {
    for (const key of keys) expect([key, /告警|预警|静音|重置|群租/.test(zh[key])]).toEqual([key, false])
  })

  it('is the only place with Chinese in it, and its English has none', () => {
    // Units of an age, the example rows of an import, and the demonstration's words, which only its pages load.
    const exempt = /text[\\/]format\.ts$|import-table\.ts$|words\.ts$|gallery[\\/]samples\.ts$/
    const stray = sources
      .filter(({ name }) => !exempt.test(name))
      .flatMap(({ name, text }) =>
        [...withoutComments(text).matchAll(/[\u4e00-\u9fff]+/g)].map((match) => `${name}: ${match[0]}`),
      )
    expect(stray).toEqual([])
    const examples = new Set<string>(['language.switch', 'sites.area_rule'])
    for (const key of keys) if (!examples.has(key)) expect([key, /[\u4e00-\u9fff]/.test(en[key])]).toEqual([key, false])
  })

  it('fills parameters and picks the English plural', async () => {
    await fetchLanguage('en')
    expect(textOf('en', 'desk.queued', { n: 1 })).toBe('1 new alarm')
    expect(textOf('en', 'desk.queued', { n: 3 })).toBe('3 new alarms')
    expect(textOf('zh', 'desk.queued', { n: 3 })).toBe('3 条新报警')
    expect(textOf('zh', 'link.caught_up', { n: 12, seq: 841, lost: 0 })).toBe('已补齐 12 条，至 #841，丢失 0')
  })
})

describe('the words of the demonstration', () => {
  const words = Object.entries(WORDS)

  it('are there in both languages, with the same parameters', () => {
    for (const [key, { zh: chinese, en: english }] of words) {
      expect([key, parametersOf(english)]).toEqual([key, parametersOf(chinese)])
      expect([key, /[\u4e00-\u9fff]/.test(english)]).toEqual([key, false])
    }
  })

  it('are all used', () => {
    const asked = new Set([...code.matchAll(/\bsay\(\s*'([^']+)'/g)].map((match) => match[1] as string))
    const begun = [...code.matchAll(/\bsay\(`([a-z.]+)\$\{/g)].map((match) => match[1] as string)
    expect(asked.size).toBeGreaterThan(20)
    expect(
      words.map(([key]) => key).filter((key) => !asked.has(key) && !begun.some((prefix) => key.startsWith(prefix))),
    ).toEqual([])
  })
})

describe.each([
  ['search', SEARCH_WORDS],
  ['wall', WALL_WORDS],
])('the words of the %s', (folder, table) => {
  const words: [string, { readonly zh: string; readonly en: string }][] = Object.entries(table)
  const own = sources
    .filter(({ name }) => name.startsWith(folder) && !name.endsWith('words.ts'))
    .map(({ text }) => text)
    .join('\n')

  it('are there in both languages, with the same parameters, in the words of the trade', () => {
    for (const [key, { zh: chinese, en: english }] of words) {
      expect([key, parametersOf(english)]).toEqual([key, parametersOf(chinese)])
      expect([key, /[\u4e00-\u9fff]/.test(english)]).toEqual([key, false])
      expect([key, /告警|预警|静音|重置|群租/.test(chinese)]).toEqual([key, false])
    }
  })

  it('are all used', () => {
    const quoted = new Set([...own.matchAll(/'([a-z0-9_.]+)'/g)].map((match) => match[1] as string))
    const begun = [...own.matchAll(/\bsay\(`([a-z.]+)\$\{/g)].map((match) => match[1] as string)
    expect(
      words.map(([key]) => key).filter((key) => !quoted.has(key) && !begun.some((prefix) => key.startsWith(prefix))),
    ).toEqual([])
  })
})

describe('formats', () => {
  it('writes instants in Beijing time', () => {
    const at = Date.UTC(2026, 10, 21, 20, 3, 7, 5)
    expect(clock(at)).toBe('04:03:07')
    expect(fullInstant(at)).toBe('2026-11-22 04:03:07.005 UTC+8')
  })

  it('writes ages in two parts, and short ones for columns', () => {
    expect(age(192_000, 'zh')).toBe('3 分 12 秒')
    expect(age(0, 'zh')).toBe('0 秒')
    expect(age(86_400_000 + 4 * 3_600_000, 'en')).toBe('1 d 4 h')
    expect(age(3_600_000, 'zh')).toBe('1 小时')
    expect([ageShort(41_000, 'zh'), ageShort(4_051_000, 'zh'), ageShort(90_000_000, 'zh'), ageShort(-5, 'zh')]).toEqual(
      ['00:41', '1:07:31', '1 天 1 时', '00:00'],
    )
  })

  it('writes figures with the decimals of their step and no more', () => {
    expect([figure(62, 0.1), figure(26.54, 0.1), figure(0.998, 0.001), figure(-12, 1), figure(12_345.6, 1)]).toEqual([
      '62',
      '26.5',
      '0.998',
      '−12',
      '12\u202f346',
    ])
    expect([milliseconds(9.4), milliseconds(1_240)]).toEqual(['9 ms', '1.2 s'])
  })
})
