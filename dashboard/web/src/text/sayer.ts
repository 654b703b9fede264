// A topic with many texts keeps them in a dictionary of its own, which only its pages load; this finds the words in it.
import type { Bilingual } from '../../../../contract/rules.ts'
import { filled } from './dictionary.ts'
import { local } from './language.svelte.ts'

/** `say(key, parameters)` in the language of the page. */
export const sayer =
  <Key extends string>(words: Readonly<Record<Key, Bilingual>>) =>
  (key: Key, parameters: Readonly<Record<string, string | number>> = {}): string =>
    filled(local(words[key]), parameters)
