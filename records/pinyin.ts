// Names as people type them on a Latin keyboard: 青禾街道 is found by `qinghejiedao`, `qhjd`, `jiedao`, and a name with more
// than one reading (单县, 曾家, 乐清) by each that a person would try.
import { createRequire } from 'node:module'
import type { pinyin as Pinyin } from 'pinyin-pro'

/** 10 MB that a hub needs only when a name is given or changed, not to start. */
const load = createRequire(import.meta.url)
let loaded: typeof Pinyin | null = null
const pinyin = (han: string, options: typeof PLAIN & { readonly surname?: 'head' }): string[] =>
  (loaded ??= (load('pinyin-pro') as { pinyin: typeof Pinyin }).pinyin)(han, options)

/** Of a name that is longer, the rest is found by its characters only. */
const MAX_SYLLABLES = 24

/** How everything that is searched is written: half width, lower case. */
export const folded = (text: string): string => text.normalize('NFKC').toLowerCase()

/**
 * Every reading of the names in full and by initials, from each syllable to the end of its name, each after a space: what a
 * person types is a prefix of one of them, `like '% typed%'`, and never begins in the middle of a syllable. The first name's
 * first reading comes first.
 */
export function pinyinText(names: readonly string[]): string {
  const forms = new Set<string>()
  for (const name of names)
    for (const syllables of readingsOf(name)) {
      for (const written of [syllables, syllables.map(initialOf)])
        for (const start of syllables.keys()) forms.add(written.slice(start).join(''))
    }
  return [...forms].map((form) => ` ${form}`).join('')
}

/** Syllables of a name, once for each way to read it. A run of Latin letters or digits counts as one; signs are left out. */
function readingsOf(name: string): string[][] {
  const runs = folded(name).match(/\p{Script=Han}+|[a-z0-9]+/gu) ?? []
  if (!runs.some(isHan)) return []
  const readings = [inContext, asSurname, eachAlone].map((read) =>
    runs.flatMap((run) => (isHan(run) ? read(run).filter(isSpelt) : [run])).slice(0, MAX_SYLLABLES),
  )
  return [...new Map(readings.map((syllables) => [syllables.join(' '), syllables])).values()]
}

/** 万俟, 尉迟. */
const LONGEST_SURNAME = 2

/** ü is typed v. */
const PLAIN = { toneType: 'none', type: 'array', v: true } as const

/** 重庆 chóng qìng, 乐清 yuè qīng: as a dictionary of words has it. */
const inContext = (han: string): string[] => pinyin(han, PLAIN)
/** 单县 shàn xiàn, 曾家 zēng jiā: villages are called after families. */
const asSurname = (han: string): string[] => [
  ...pinyin(han, { ...PLAIN, surname: 'head' }).slice(0, LONGEST_SURNAME),
  ...inContext(han).slice(LONGEST_SURNAME),
]
/** What somebody types who reads character by character. */
const eachAlone = (han: string): string[] => [...han].flatMap((character) => pinyin(character, PLAIN))

const isHan = (run: string): boolean => /^\p{Script=Han}/u.test(run)

/** A character so rare that nobody has noted how it is read stands for itself, or for half of itself. */
const isSpelt = (syllable: string): boolean => /^[a-z]+$/.test(syllable)

/** A number is typed whole: `hysq12h`. */
const initialOf = (syllable: string): string => (/^\d/.test(syllable) ? syllable : syllable.slice(0, 1))
