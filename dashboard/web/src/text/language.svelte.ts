// The language of this page, kept in this browser.
import type { Bilingual } from '../../../../contract/rules.ts'
import { recall, remember } from '../app/memory.ts'
import { LANGUAGES, textOf } from './dictionary.ts'
import type { Arguments, Language, TextKey } from './dictionary.ts'

class LanguageChoice {
  current = $state<Language>(recall('language', LANGUAGES) ?? 'zh')

  choose(language: Language): void {
    this.current = language
    remember('language', language)
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  }
}

export const language = new LanguageChoice()
document.documentElement.lang = language.current === 'zh' ? 'zh-CN' : 'en'

export function t<Key extends TextKey>(key: Key, ...args: Arguments<Key>): string {
  return textOf(language.current, key, ...args)
}

/** The side of a bilingual text that this page shows. */
export const local = (text: Bilingual): string => text[language.current]
