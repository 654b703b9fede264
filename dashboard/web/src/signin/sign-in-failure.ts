// What a refused sign-in means: a code is asked for, or what was typed is wrong, or it could not be tried.
import { CallError } from '../api/client.ts'
import { failureText } from '../api/failure-text.ts'
import { t } from '../text/language.svelte.ts'

export const codeRequired = (error: unknown): boolean =>
  error instanceof CallError && error.details['reason'] === 'code_required'

export function signInFailureText(error: unknown): string {
  if (!(error instanceof CallError) || error.code !== 'unauthorized') return failureText(error)
  return error.details['reason'] === 'code_wrong' ? t('signin.code_wrong') : t('signin.wrong')
}
