// How a text finds its words. Chinese is the source; English must have every key and the same parameters, and is fetched when a
// page first speaks it: a desk that never does need not load it.
//
// `{name}` is replaced; `{n|alarm|alarms}` picks the first word when n is 1 (English needs it, Chinese does not).
import { zh } from './zh.ts'

export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export type TextKey = keyof typeof zh

type ParameterOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never
type Parameters<Key extends TextKey> = Record<ParameterOf<(typeof zh)[Key]>, string | number>
/** Nothing after the key when its text has no parameter. */
export type Arguments<Key extends TextKey> = [ParameterOf<(typeof zh)[Key]>] extends [never] ? [] : [Parameters<Key>]

type Dictionary = Readonly<Record<TextKey, string>>
const DICTIONARIES: { readonly zh: Dictionary; en: Dictionary | null } = { zh, en: null }

/** Call before a text is asked for in that language; until then it is Chinese. */
export async function fetchLanguage(language: Language): Promise<void> {
  if (language === 'en') DICTIONARIES.en ??= (await import('./en.ts')).en
}

export function textOf<Key extends TextKey>(language: Language, key: Key, ...args: Arguments<Key>): string {
  return filled((DICTIONARIES[language] ?? zh)[key], args[0] ?? {})
}

export const filled = (text: string, parameters: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = parameters[name]
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many
    return value === undefined ? whole : String(value)
  })
