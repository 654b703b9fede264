// How the label sheet finds its words.
import { filled } from '../text/dictionary.ts'
import { local } from '../text/language.svelte.ts'
import { WORDS } from './label-words.ts'

export const sayLabel = (key: keyof typeof WORDS, parameters: Readonly<Record<string, string | number>> = {}): string =>
  filled(local(WORDS[key]), parameters)
