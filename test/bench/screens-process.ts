// Holds screens on the live feed, each with a cursor of its own, and keeps account of what they are told. Started by
// screens.ts, which it never outlives.
import { Screen } from '../support/api.ts'

export interface ScreensPlan {
  readonly base: string
  /** One screen each. */
  readonly tokens: readonly string[]
}

/** What all of them heard, so far. */
export interface ScreensReport {
  readonly live: number
  /** Device → when each screen heard of its alarm, Unix time, ms. */
  readonly heard: ReadonlyMap<string, readonly number[]>
  /** Transitions whose `prev` was not the screen's cursor. */
  readonly gaps: number
}

export type ToScreens = { readonly type: 'plan'; readonly plan: ScreensPlan } | { readonly type: 'report' }

const screens: Screen[] = []
const heard = new Map<string, number[]>()

function open({ base, tokens }: ScreensPlan): void {
  for (const token of tokens) {
    const screen = new Screen(base, token)
    screen.socket.on('alarm', ({ alarm }) => {
      const times = heard.get(alarm.deviceId)
      if (times === undefined) heard.set(alarm.deviceId, [Date.now()])
      else times.push(Date.now())
    })
    screens.push(screen)
  }
}

process.on('message', (message: ToScreens) => {
  if (message.type === 'plan') return open(message.plan)
  const report: ScreensReport = {
    live: screens.filter(({ live }) => live).length,
    heard,
    gaps: screens.reduce((sum, { gaps }) => sum + gaps.length, 0),
  }
  process.send?.(report)
})
process.on('disconnect', () => process.exit(0))
