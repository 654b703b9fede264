// Whether a code opens: one of the authenticator, each step once, or a recovery code, each once.
import type { Actor } from '../../../records/ledger.ts'
import type { SecondFactors } from '../../../records/ledger/sign-in.ts'
import { recoveryCodeOf, stepOfCode } from './totp.ts'

export async function takesCode(
  factors: Pick<SecondFactors, 'spend' | 'recover'>,
  actor: Actor,
  secret: string,
  code: string,
  now: number,
): Promise<boolean> {
  const step = stepOfCode(secret, code, now)
  if (step !== null) return factors.spend(actor.userId, step)
  const recovery = recoveryCodeOf(code)
  return recovery !== null && factors.recover(actor, recovery)
}
