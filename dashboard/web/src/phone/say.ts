// How the phone finds its words.
import { filled } from '../text/dictionary.ts'
import { local } from '../text/language.svelte.ts'
import { WORDS } from './words.ts'

export const say = (key: keyof typeof WORDS, parameters: Readonly<Record<string, string | number>> = {}): string =>
  filled(local(WORDS[key]), parameters)
