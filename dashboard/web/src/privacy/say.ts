// How the page of personal data finds its words.
import { sayer } from '../text/sayer.ts'
import { WORDS } from './words.ts'

export const say = sayer(WORDS)

const isKey = (key: string): key is keyof typeof WORDS => Object.hasOwn(WORDS, key)

/** A section that the hub names and this page has no word for keeps its name. */
export const sectionText = (name: string): string => {
  const key = `section.${name}`
  return isKey(key) ? say(key) : name
}
