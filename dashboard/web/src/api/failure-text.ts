// What a failed call means to the person, and what to do now.
import { ACT_REFUSALS } from '../../../../contract/alarms.ts'
import { t } from '../text/language.svelte.ts'
import { CallError } from './client.ts'

/** Of a hub in several processes: whether it was done is not always known. */
const UNAVAILABLE = ['not_done', 'not_known', 'not_told'] as const

export function failureText(error: unknown): string {
  if (!(error instanceof CallError)) return t('error.unexpected')
  const unavailable = UNAVAILABLE.find((word) => word === error.details['reason'])
  if (unavailable !== undefined) return t(`error.${unavailable}`)
  const refusal = ACT_REFUSALS.find((word) => word === error.details['reason'])
  if (refusal !== undefined) return t(`refusal.${refusal}`)
  if (error.code === 'invalid') return t('error.invalid', { message: error.message })
  if (error.code === 'refused') return t('error.refused', { message: error.message })
  return t(`error.${error.code}`)
}

/** Histories cannot be read now; everything else can. */
export const isReadingStoreAway = (error: unknown): boolean =>
  error instanceof CallError && error.details['reason'] === 'reading_store'

/** The same for something that was only to be read: nothing can have been done or left undone. */
export function readFailureText(error: unknown): string {
  const code = error instanceof CallError ? error.code : 'unexpected'
  if (isReadingStoreAway(error)) return t('error.read.reading_store')
  if (code === 'unreachable' || code === 'timeout') return t('error.read.unreachable')
  if (code === 'internal' || code === 'unavailable' || code === 'rate_limited') return t('error.read.later')
  if (code === 'forbidden') return t('error.read.forbidden')
  if (code === 'unauthorized') return t('error.read.unauthorized')
  return failureText(error)
}
