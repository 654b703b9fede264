// Whether the hub plays the demonstration. An ordinary hub does not, and then nothing of it is loaded or drawn.
import { aboutSchema } from '../../../../contract/http/demo.ts'
import type { DemoDoor } from '../../../../contract/http/demo.ts'
import { call, CallError } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'
import { recallText, remember } from '../app/memory.ts'

/** The code that a phone scans carries the password behind the `#`; it is kept in this browser. */
const KEY = 'demo-key'

class Demo {
  door = $state.raw<DemoDoor | null>(null)
  /** The hub has said whether it plays one. */
  asked = $state(false)
  #key = $state(recallText(KEY) || null)

  readonly on = $derived(this.door !== null)
  /** Of every account; null where only who was told it may come in. */
  readonly password = $derived(this.door?.password ?? this.#key)

  /** Answers whether the hub answered. */
  async ask(): Promise<boolean> {
    try {
      const { demo } = await call('GET', ROUTES.about, aboutSchema)
      if (demo !== null && location.hash.length > 1) {
        this.#keep(decodeURIComponent(location.hash.slice(1)))
        history.replaceState(null, '', location.pathname + location.search)
      }
      this.door = demo
      return true
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      return false
    } finally {
      this.asked = true
    }
  }

  /** The password was of another demonstration. */
  forget(): void {
    this.#keep(null)
  }

  #keep(key: string | null): void {
    this.#key = key
    remember(KEY, key ?? '')
  }
}

export const demo = new Demo()
