// The language of this page, kept in this browser.
import type { Bilingual } from '../../../../contract/rules.ts'
import { recall, remember } from '../app/memory.ts'
import { fetchLanguage, LANGUAGES, textOf } from './dictionary.ts'
import type { Arguments, Language, TextKey } from './dictionary.ts'

class LanguageChoice {
  current = $state<Language>(recall('language', LANGUAGES) ?? 'zh')

  /** Before the first text is drawn. Without its words a page speaks Chinese rather than nothing. */
  async prepare(): Promise<void> {
    await fetchLanguage(this.current).catch(() => (this.current = 'zh'))
    document.documentElement.lang = tagOf(this.current)
  }

  async choose(language: Language): Promise<void> {
    try {
      await fetchLanguage(language)
    } catch (error) {
      // No link: it goes on in the language it has, and may be asked again.
      return console.warn('the words of the other language could not be fetched', error)
    }
    this.current = language
    remember('language', language)
    document.documentElement.lang = tagOf(language)
  }
}

const tagOf = (language: Language): string => (language === 'zh' ? 'zh-CN' : 'en')

export const language = new LanguageChoice()

export function t<Key extends TextKey>(key: Key, ...args: Arguments<Key>): string {
  return textOf(language.current, key, ...args)
}

/** The side of a bilingual text that this page shows. */
export const local = (text: Bilingual): string => text[language.current]
