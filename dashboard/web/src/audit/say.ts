// How the audit's page finds its words.
import type { AuditRow } from '../../../../contract/http/audit.ts'
import { local } from '../text/language.svelte.ts'
import { sayer } from '../text/sayer.ts'
import { ACTIONS, WORDS } from './words.ts'

export const say = sayer(WORDS)

export function actionText(action: string): string {
  const words = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  return words === undefined ? action : local(words)
}

/** Who acts without being a person. */
const NOBODIES = new Map<string, keyof typeof WORDS>([
  ['hub', 'hub'],
  ['setup', 'setup'],
  ['console', 'console'],
  ['unknown', 'unknown'],
])

export function actorText({ actorId, actorName }: AuditRow): string {
  if (actorName !== null) return actorName
  const nobody = NOBODIES.get(actorId)
  return say(nobody ?? 'gone')
}

/** The name of a person, else the word that says what it is of, as it is kept. */
export const subjectText = ({ subject, subjectName }: AuditRow): string => subjectName ?? subject
