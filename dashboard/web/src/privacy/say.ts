// How the page of personal data finds its words.
import { filled } from '../text/dictionary.ts'
import { local } from '../text/language.svelte.ts'
import { WORDS } from './words.ts'

export const say = (key: keyof typeof WORDS, parameters: Readonly<Record<string, string | number>> = {}): string =>
  filled(local(WORDS[key]), parameters)

const isKey = (key: string): key is keyof typeof WORDS => Object.hasOwn(WORDS, key)

/** A section that the hub names and this page has no word for keeps its name. */
export const sectionText = (name: string): string => {
  const key = `section.${name}`
  return isKey(key) ? say(key) : name
}
