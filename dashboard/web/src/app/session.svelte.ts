// Who is at this page. A session that ends does not take the page away: what is shown stays, acts ask for the password.
import * as z from 'zod'
import { meSchema } from '../../../../contract/http/people.ts'
import type { Me } from '../../../../contract/http/people.ts'
import type { AckLevel, Permission } from '../../../../contract/role-names.ts'
import { call, CallError, whenUnauthorized } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'
import { forgetKeptData } from './kept-data.ts'

export class Session {
  me = $state.raw<Me | null>(null)
  /** `asking`: not known yet. `failed`: the hub could not be asked. */
  status = $state<'asking' | 'out' | 'in' | 'failed'>('asking')
  failure = $state.raw<CallError | null>(null)
  /** Signed in before, and the hub no longer says so. */
  ended = $state(false)
  /** The page asks for the password in place: because it must, or because the person wants to be early. */
  asksAgain = $state(false)

  constructor() {
    whenUnauthorized(() => {
      if (this.status !== 'in') return
      this.ended = true
      this.asksAgain = true
    })
  }

  /** When the person last put off being asked before the end, hub time; null: not yet. */
  putOffAt = $state<number | null>(null)

  readonly #may: ReadonlySet<Permission> = $derived(new Set(this.me?.may))
  /** Whose 接警 is given and shown on this page. */
  readonly level: AckLevel = $derived(this.me?.ackLevel ?? 'county')
  /** What the page offers; the hub decides. */
  can(permission: Permission): boolean {
    return this.#may.has(permission)
  }

  /** Where devices connect: the page's own host, and the port that the hub says. */
  get mqtt(): { readonly host: string; readonly port: number | null } {
    return { host: location.hostname, port: this.me?.mqtt?.port ?? null }
  }

  /** ms until the session ends by itself; null without such an end. `hubNow`: the hub's time, ms. */
  left(hubNow: number): number | null {
    return this.me === null || this.me.sessionEndsAt === null ? null : this.me.sessionEndsAt - hubNow
  }

  async ask(): Promise<void> {
    try {
      this.me = await call('GET', ROUTES.me, meSchema)
      this.status = 'in'
      this.ended = false
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      this.failure = error
      this.status = error.code === 'unauthorized' ? 'out' : 'failed'
    }
  }

  /** `code`: of the second factor, where the hub asked for it. */
  async signIn(username: string, password: string, code?: string): Promise<void> {
    await forgetKeptData()
    const body = { username, password, ...(code === undefined ? {} : { code }) }
    await call('POST', ROUTES.session, z.unknown(), { body, signingIn: true })
    await this.ask()
  }

  async changePassword(current: string, next: string): Promise<void> {
    await call('POST', ROUTES.password, z.unknown(), { body: { current, next } })
    await this.ask()
  }

  async signOut(to = '/'): Promise<void> {
    await call('DELETE', ROUTES.session, z.unknown())
    await forgetKeptData()
    location.assign(to)
  }
}

export const session = new Session()
