// Keeps the screen on while a desk is armed, and says why where it cannot.

/** off: not asked for. insecure: browsers give it over HTTPS (or on this machine itself) only. */
export type WakeState = 'off' | 'held' | 'insecure' | 'unsupported' | 'refused'

export interface WakeLock {
  /** Asks for it now, and again whenever the page comes back into view. */
  hold(): void
  stop(): void
}

export function screenWakeLock(tell: (state: WakeState) => void): WakeLock {
  let wanted = false
  let held: WakeLockSentinel | null = null

  async function ask(): Promise<void> {
    if (!window.isSecureContext) return tell('insecure')
    if (!('wakeLock' in navigator)) return tell('unsupported')
    if (document.visibilityState !== 'visible' || held !== null) return
    try {
      const got = await navigator.wakeLock.request('screen')
      if (!wanted) return void got.release()
      held = got
      got.addEventListener('release', () => {
        held = null
        if (wanted) tell('refused')
      })
      tell('held')
    } catch {
      // A battery saver, or a policy of the machine.
      tell('refused')
    }
  }
  const again = () => wanted && void ask()

  return {
    hold() {
      if (!wanted) document.addEventListener('visibilitychange', again)
      wanted = true
      void ask()
    },
    stop() {
      wanted = false
      document.removeEventListener('visibilitychange', again)
      void held?.release()
      tell('off')
    },
  }
}
