// The design tokens: nothing raw outside their file, and every pair of ink and ground readable in both themes, also with
// one kind of cone missing.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en } from '../../../dashboard/web/src/text/en.ts'
import { zh } from '../../../dashboard/web/src/text/zh.ts'
import { SEEN_WITH, contrast, linearOf, seen } from './contrast.ts'
import type { Sight } from './contrast.ts'

const SOURCE = join(import.meta.dirname, '../../../dashboard/web/src')
const read = (name: string) => readFileSync(join(SOURCE, name), 'utf8')
const TOKENS = read('tokens.css')
const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|css|ts)$/.test(name) && name !== 'tokens.css')
  .map((name) => ({ name, text: read(name).replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, '') }))

/** The style rules of a component, or the whole of a style sheet. */
const stylesOf = ({ name, text }: { name: string; text: string }): string =>
  name.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '')

/** `file: property: value` of every declaration that `wrong` finds fault with. */
const faults = (wrong: (property: string, value: string) => boolean): string[] =>
  sources.flatMap((source) =>
    [...stylesOf(source).matchAll(/(?:^|[{;])\s*([a-z-]+):\s*([^;{}]+)(?=[;}])/g)].flatMap(([, property, value]) =>
      wrong(property as string, (value as string).trim()) ? [`${source.name}: ${property}: ${value?.trim()}`] : [],
    ),
  )
/** Without what tokens and functions over them say. */
const bare = (value: string): string => value.replace(/var\(--[^()]*\)|env\([^()]*\)/g, '')

describe('components use tokens', () => {
  it('for every colour', () => {
    const named =
      /(?<![\w-])(?:white|black|red|green|blue|yellow|orange|gr[ae]y|silver|navy|teal|purple|pink|brown|gold)(?![\w-])/
    const raw = /#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(/i
    expect(faults((_, value) => raw.test(value) || named.test(bare(value)))).toEqual([])
    // Attributes and canvases too: a chart reads its colours from the tokens.
    const attributes = sources.flatMap(({ name, text }) =>
      [
        ...text.matchAll(/(?:fill|stroke|color|background)(?:Style)?\s*[=:]\s*["'`](#[0-9a-f]{3,8}|rgba?\([^"'`]*)/gi),
      ].map((match) => `${name}: ${match[0]}`),
    )
    expect(attributes).toEqual([])
  })

  it('for type, radius, shadow, layer and duration', () => {
    const size = /\d(?:px|rem|pt)\b/
    expect(faults((property, value) => /^font(?:-size)?$/.test(property) && size.test(bare(value)))).toEqual([
      // In the units of the drawing, which is scaled as a whole.
      'desk/Marker.svelte: font: 700 13px var(--font)',
    ])
    expect(
      faults((property, value) => property.endsWith('radius') && !/^(?:0|50%)?$|^(?:0\s*)*$/.test(bare(value).trim())),
    ).toEqual([])
    expect(
      faults(
        (property, value) => property === 'box-shadow' && !/^(?:var\(--shadow-\d\)|none|inset [\s\S]*)$/.test(value),
      ),
    ).toEqual([])
    expect(faults((property, value) => property === 'z-index' && !/^var\(--layer-[a-z]+\)$/.test(value))).toEqual([])
    // What has no length but must run carries 1 ms.
    expect(
      faults(
        (property, value) =>
          /^(?:animation|transition)/.test(property) && /(?<![\d.])(?!1ms)\d*\.?\d+m?s\b/.test(bare(value)),
      ),
    ).toEqual([])
  })

  it('for space: a distance is on the grid, or a hair’s breadth', () => {
    const spacing = /^(?:padding|margin|gap|row-gap|column-gap)(?:-|$)/
    const wide = (value: string) =>
      [...bare(value).matchAll(/(\d+(?:\.\d+)?)px/g)].some((match) => Number(match[1]) > 3)
    expect(faults((property, value) => spacing.test(property) && wide(value))).toEqual([])
  })

  it('and change shape at three widths only', () => {
    const widths = sources.flatMap((source) =>
      [...stylesOf(source).matchAll(/@media[^{]*width:\s*([^)]+)\)/g)].map((match) => match[1] as string),
    )
    expect([...new Set(widths)].toSorted()).toEqual(['1180px', '719px', '999px'])
  })

  it('and use no token that there is not, and leave none unused', () => {
    const defined = [...TOKENS.matchAll(/^\s*(--[a-z0-9-]+):/gm)].map((match) => match[1] as string)
    const code = `${TOKENS}\n${sources.map(({ text }) => text).join('\n')}`
    const own = new Set([...code.matchAll(/(--[a-z0-9-]+):/g)].map((match) => match[1] as string))
    const used = new Set([...code.matchAll(/var\((--[a-z0-9-]+)/g)].map((match) => match[1] as string))
    expect([...used].filter((name) => !own.has(name))).toEqual([])
    expect([...new Set(defined)].filter((name) => !used.has(name) && !code.includes(`'${name}'`))).toEqual([])
  })
})

const THEMES = ['night', 'day'] as const
const SIGHTS = Object.keys(SEEN_WITH) as Sight[]
const PRIORITIES = [1, 2, 3, 4] as const

/** The opaque colours of one theme, aliases resolved. */
function coloursOf(theme: (typeof THEMES)[number]): (name: string) => string {
  const block = new RegExp(`:root\\[data-theme='${theme}'\\]\\s*\\{([^}]*)\\}`).exec(TOKENS)?.[1]
  if (block === undefined) throw new Error(`no theme ${theme} in tokens.css`)
  const table = new Map(
    [...block.matchAll(/(--[a-z0-9-]+):\s*([^;]+);/g)].map((match) => [match[1] as string, match[2] as string]),
  )
  const find = (name: string): string => {
    const value = table.get(name)
    if (value === undefined) throw new Error(`no ${name} in the theme ${theme}`)
    const alias = /^var\((--[a-z0-9-]+)\)$/.exec(value)?.[1]
    return alias === undefined ? value : find(alias)
  }
  return find
}

type Pair = readonly [ink: string, ground: string]
const over = (inks: readonly string[], grounds: readonly string[]): Pair[] =>
  inks.flatMap((ink) => grounds.map((ground): Pair => [ink, ground]))

const GROUNDS = ['--ground', '--raised', '--sunken', '--hover', '--selected']
/** WCAG 2.2, 1.4.3: text, 4.5 : 1. */
const TEXT: readonly Pair[] = [
  ...over(['--ink', '--ink-2', '--ink-3'], GROUNDS),
  ...over(
    ['--ink'],
    PRIORITIES.map((priority) => `--p${priority}-ground`),
  ),
  // Words of the limit lines in a chart.
  ...over(
    PRIORITIES.map((priority) => `--p${priority}`),
    ['--ground', '--raised'],
  ),
  ...PRIORITIES.map((priority): Pair => [`--on-p${priority}`, `--p${priority}-fill`]),
  ['--on-p1', '--p1'],
  ['--on-act', '--act'],
]
/** WCAG 2.2, 1.4.11: what must be seen to be used, 3 : 1. */
const SIGNS: readonly Pair[] = [
  ...over(
    PRIORITIES.map((priority) => `--p${priority}`),
    GROUNDS,
  ),
  ...PRIORITIES.map((priority): Pair => [`--p${priority}`, `--p${priority}-ground`]),
  ...over(['--focus', '--rule-strong'], GROUNDS),
  ...over(['--act'], ['--ground', '--raised']),
]

describe('contrast', () => {
  for (const theme of THEMES)
    for (const sight of SIGHTS) {
      it(`of text is 4.5, of markers and controls 3, in the ${theme} theme with ${sight}`, () => {
        const colour = coloursOf(theme)
        const ratio = ([ink, ground]: Pair) =>
          contrast(seen(linearOf(colour(ink)), sight), seen(linearOf(colour(ground)), sight))
        const below = (pairs: readonly Pair[], least: number) =>
          pairs.filter((pair) => ratio(pair) < least).map((pair) => `${pair.join(' on ')}: ${ratio(pair).toFixed(2)}`)
        expect(below(TEXT, 4.5)).toEqual([])
        expect(below(SIGNS, 3)).toEqual([])
      })
    }

  it('is computed as WCAG says', () => {
    expect(contrast(linearOf('#ffffff'), linearOf('#000000'))).toBeCloseTo(21)
    expect(contrast(linearOf('#777777'), linearOf('#ffffff'))).toBeCloseTo(4.48, 2)
    // What has no hue keeps its grey with any cones.
    for (const sight of SIGHTS) expect(seen(linearOf('#777777'), sight)[1]).toBeCloseTo(linearOf('#777777')[1], 3)
  })
})

describe('a priority', () => {
  it('is told by shape, numeral and word, so that no colour is needed', () => {
    const marker = read('desk/Marker.svelte')
    const shapes = PRIORITIES.map((priority) => new RegExp(`${priority}: '([^']+)'`).exec(marker)?.[1])
    expect(shapes.every((shape) => shape !== undefined)).toBe(true)
    expect(new Set(shapes).size).toBe(4)
    expect(marker).toMatch(/<text[^>]*>\{priority\}<\/text>/)
    for (const words of [zh, en])
      expect(new Set(PRIORITIES.map((priority) => words[`priority.${priority}`])).size).toBe(4)
  })
})
