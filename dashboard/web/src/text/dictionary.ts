// How a text finds its words. Chinese is the source; English must have every key and the same parameters.
//
// `{name}` is replaced; `{n|alarm|alarms}` picks the first word when n is 1 (English needs it, Chinese does not).
import { en } from './en.ts'
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

const DICTIONARIES: Record<Language, Record<TextKey, string>> = { zh, en }

export function textOf<Key extends TextKey>(language: Language, key: Key, ...args: Arguments<Key>): string {
  return filled(DICTIONARIES[language][key], args[0] ?? {})
}

export const filled = (text: string, parameters: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = parameters[name]
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many
    return value === undefined ? whole : String(value)
  })
