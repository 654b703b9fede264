// Why a message of an external broker was not taken, as people read it. The hub may know a reason that this page does not.
import type { TextKey } from '../text/dictionary.ts'
import { t } from '../text/language.svelte.ts'
import { zh } from '../text/zh.ts'

type RefusalKey = Extract<TextKey, `bridges.refusal.${string}`>
const isKey = (key: string): key is RefusalKey => Object.hasOwn(zh, key)

export function bridgeRefusalWord(reason: string): string {
  const key = `bridges.refusal.${reason}`
  return isKey(key) ? t(key) : reason
}
