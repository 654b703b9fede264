// Invitations: a link, good once, at which a person sets their own password. Only the hash of its code is kept.
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor, UserRecord } from './ledger.ts'
import type { Invitations } from './ledger/sign-in.ts'
import { newSecret, secretHash } from './secrets.ts'
import type { Store } from './store.ts'
import { findUser, userOrThrow } from './users.ts'

export class InvitationRecords implements Invitations {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  create(actor: Actor, userId: string, endsAt: number): Promise<string> {
    const code = newSecret()
    return this.#store.write(async (trx) => {
      if ((await userOrThrow(trx, userId)).disabled) {
        const text = { zh: '此人已停用，请先启用。', en: 'This person is disabled; enable them first.' }
        throw new LedgerError('refused', text, { reason: 'disabled' })
      }
      const now = this.#store.now()
      const row = { hash: secretHash(code), created_at: now, ends_at: endsAt }
      await trx
        .insertInto('invitation')
        .values({ user_id: userId, ...row })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(row))
        .execute()
      await appendAudit(trx, now, [{ actor, action: 'user.invited', subject: `user:${userId}` }])
      return code
    })
  }

  async find(code: string, now: number): Promise<{ user: UserRecord; endsAt: number } | null> {
    const row = await this.#store.read
      .selectFrom('invitation')
      .selectAll()
      .where('hash', '=', secretHash(code))
      .where('ends_at', '>', now)
      .executeTakeFirst()
    if (row === undefined) return null
    const user = await findUser(this.#store.read, 'id', row.user_id)
    return user === null || user.disabled ? null : { user, endsAt: row.ends_at }
  }

  accept(address: string, code: string, passwordHash: string, now: number): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const used = await trx
        .deleteFrom('invitation')
        .where('hash', '=', secretHash(code))
        .where('ends_at', '>', now)
        .where('user_id', 'in', trx.selectFrom('app_user').select('id').where('disabled', '=', 0))
        .returning('user_id')
        .executeTakeFirst()
      if (used === undefined) return false
      const { user_id: userId } = used
      await trx
        .updateTable('app_user')
        .set({ password_hash: passwordHash, must_change: 0 })
        .where('id', '=', userId)
        .execute()
      await trx.deleteFrom('session').where('user_id', '=', userId).execute()
      const entry = { actor: { userId, address }, action: 'invitation.accepted', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
      return true
    })
  }

  withdraw(actor: Actor, userId: string): Promise<boolean> {
    return this.#store.write(async (trx) => {
      const withdrawn = await trx
        .deleteFrom('invitation')
        .where('user_id', '=', userId)
        .returning('user_id')
        .executeTakeFirst()
      if (withdrawn === undefined) return false
      const entry = { actor, action: 'invitation.withdrawn', subject: `user:${userId}` }
      await appendAudit(trx, this.#store.now(), [entry])
      return true
    })
  }
}
