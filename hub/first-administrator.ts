// How the first person gets in: an administrator with the password that the environment gave, or a code for the set-up page.
import { randomBytes } from 'node:crypto'
import { hashPassword } from '../dashboard/server/auth/passwords.ts'
import { LedgerError } from '../records/errors.ts'
import type { Ledger } from '../records/ledger.ts'
import type { Config } from './config.ts'

/** The code of the set-up link while there is no user and no password was given; else makes or finds the administrator. */
export async function firstAdministrator(
  users: Pick<Ledger['users'], 'count' | 'create'>,
  password: Config['ZHIAN_ADMIN_PASSWORD'],
  /** Of the code: several dashboards of one cluster share it. */
  share: (code: string) => Promise<string> = async (code) => code,
): Promise<string | null> {
  if ((await users.count()) > 0) return null
  if (password === undefined) return share(randomBytes(18).toString('base64url'))
  const passwordHash = await hashPassword(password)
  try {
    await users.create(
      { userId: 'hub', name: '智安', address: 'environment' },
      { username: 'admin', name: '管理员', role: 'admin', passwordHash, mustChange: false },
    )
  } catch (error) {
    // Another process of the cluster was quicker.
    if (!(error instanceof LedgerError && error.code === 'exists')) throw error
  }
  return null
}
