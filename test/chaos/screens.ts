// Hundreds of screens, from the test's side: users enough for them, and a process that holds them.
import { Api } from '../support/api.ts'
import { until } from '../support/hub-process.ts'
import { startChild } from './child.ts'
import type { FromScreens, ToScreens } from './screens-process.ts'

/** Below what the feed gives one user. */
const SCREENS_A_USER = 20
const PASSWORD = 'a county of screens'

/**
 * One token a screen, of as many duty officers as that takes. They sign in from addresses of their own: the hub must trust
 * 127.0.0.1 as a proxy.
 */
export async function tokensForScreens(admin: Api, count: number): Promise<string[]> {
  const tokens: string[] = []
  for (let user = 0; tokens.length < count; user++) {
    const username = `screen-${user}`
    await admin.ok('POST', '/users', { username, name: username, role: 'duty', password: PASSWORD, mustChange: false })
    const { token } = await Api.signIn(admin.base, username, PASSWORD, { 'x-forwarded-for': `10.0.0.${user + 1}` })
    for (let screen = 0; screen < SCREENS_A_USER && tokens.length < count; screen++) tokens.push(token)
  }
  return tokens
}

export interface Screens {
  freeze(count: number): Promise<void>
  take(): Promise<FromScreens>
  end(): Promise<void>
}

/** Resolves when all of them are live. */
export async function startScreens(base: string, tokens: readonly string[]): Promise<Screens> {
  const { ask, end } = startChild<ToScreens, FromScreens>(new URL('./screens-process.ts', import.meta.url))
  try {
    await ask({ type: 'plan', base, tokens })
    await until(
      `${tokens.length} screens are live`,
      async () => (await ask({ type: 'take' })).live === tokens.length,
      120_000,
    )
  } catch (error) {
    await end()
    throw error
  }
  return {
    freeze: async (count) => void (await ask({ type: 'freeze', count })),
    take: () => ask({ type: 'take' }),
    end,
  }
}
