// The second factor of people who sign in: its secret is sealed, its recovery codes are only kept as hashes, and a code is
// taken once.
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor } from './ledger.ts'
import type { SecondFactor, SecondFactors } from './ledger/sign-in.ts'
import type { PersonalBox } from './personal-box.ts'
import { secretHash } from './secrets.ts'
import type { Store, Transacting } from './store.ts'

const contextOf = (userId: string) => `second_factor:${userId}:secret`

/** Nobody's secret is guessed from these hashes: a recovery code is 80 random bits, and the user's id is in the hash. */
const recoveryHash = (userId: string, code: string) => secretHash(`${userId}:${code}`)

export class SecondFactorRecords implements SecondFactors {
  readonly #store: Store
  readonly #box: PersonalBox

  constructor(store: Store, box: PersonalBox) {
    this.#store = store
    this.#box = box
  }

  async of(userId: string): Promise<SecondFactor | null> {
    const row = await this.#store.read
      .selectFrom('second_factor')
      .selectAll()
      .select((eb) =>
        eb
          .selectFrom('recovery_code')
          .select((codes) => codes.fn.countAll<number>().as('left'))
          .whereRef('recovery_code.user_id', '=', 'second_factor.user_id')
          .as('codes'),
      )
      .where('user_id', '=', userId)
      .executeTakeFirst()
    if (row === undefined) return null
    return {
      secret: this.#box.open(row.secret_sealed, contextOf(userId)),
      createdAt: row.created_at,
      confirmedAt: row.confirmed_at,
      recoveryCodesLeft: row.codes ?? 0,
    }
  }

  begin(actor: Actor, secret: string): Promise<void> {
    const sealed = this.#box.seal(secret, contextOf(actor.userId))
    return this.#store.write(async (trx) => {
      await refuseInForce(trx, actor.userId)
      const row = { secret_sealed: sealed, created_at: this.#store.now(), confirmed_at: null, last_step: 0 }
      await trx
        .insertInto('second_factor')
        .values({ user_id: actor.userId, ...row })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(row))
        .execute()
    })
  }

  confirm(actor: Actor, step: number, recoveryCodes: readonly string[]): Promise<void> {
    const { userId } = actor
    return this.#store.write(async (trx) => {
      await refuseInForce(trx, userId)
      const now = this.#store.now()
      await trx
        .updateTable('second_factor')
        .set({ confirmed_at: now, last_step: step })
        .where('user_id', '=', userId)
        .execute()
      await trx.deleteFrom('recovery_code').where('user_id', '=', userId).execute()
      await trx
        .insertInto('recovery_code')
        .values(recoveryCodes.map((code) => ({ user_id: userId, hash: recoveryHash(userId, code) })))
        .execute()
      await appendAudit(trx, now, [{ actor, action: 'second_factor.enabled', subject: `user:${userId}` }])
    })
  }

  spend(userId: string, step: number): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const spent = await trx
        .updateTable('second_factor')
        .set({ last_step: step })
        .where('user_id', '=', userId)
        .where('last_step', '<', step)
        .returning('user_id')
        .executeTakeFirst()
      return spent !== undefined
    })
  }

  recover(actor: Actor, code: string): Promise<boolean> {
    const { userId } = actor
    return this.#store.write(async (trx) => {
      const taken = await trx
        .deleteFrom('recovery_code')
        .where('user_id', '=', userId)
        .where('hash', '=', recoveryHash(userId, code))
        .returning('user_id')
        .executeTakeFirst()
      if (taken === undefined) return false
      const entry = { actor, action: 'second_factor.recovered', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
      return true
    })
  }

  remove(actor: Actor, userId: string): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const removed = await trx
        .deleteFrom('second_factor')
        .where('user_id', '=', userId)
        .returning('confirmed_at')
        .executeTakeFirst()
      if (removed === undefined) return false
      const entry = { actor, action: 'second_factor.removed', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
      return true
    })
  }
}

async function refuseInForce(trx: Transacting, userId: string): Promise<void> {
  const row = await trx
    .selectFrom('second_factor')
    .select('confirmed_at')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (row === undefined || row.confirmed_at === null) return
  const text = {
    zh: '已开启两步验证；要换一部手机，请先关闭再开启。',
    en: 'The second factor is on already; to move it to another phone turn it off first.',
  }
  throw new LedgerError('refused', text, { reason: 'second_factor_on' })
}
