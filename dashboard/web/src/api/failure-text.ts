// What a failed call means to the person, and what to do now.
import { ACT_REFUSALS } from '../../../../contract/alarms.ts'
import { t } from '../text/language.svelte.ts'
import { CallError } from './client.ts'

export function failureText(error: unknown): string {
  if (!(error instanceof CallError)) return t('error.unexpected')
  const refusal = ACT_REFUSALS.find((word) => word === error.details['reason'])
  if (refusal !== undefined) return t(`refusal.${refusal}`)
  if (error.code === 'invalid') return t('error.invalid', { message: error.message })
  if (error.code === 'refused') return t('error.refused', { message: error.message })
  return t(`error.${error.code}`)
}
