// Messages to this phone: asked of the browser by the person's touch, told to the hub, and told again at every start, for a
// subscription lives as long as the sign-in that it was made in.
import * as z from 'zod'
import { pushStateSchema } from '../../../../contract/http/push.ts'
import type { PushState } from '../../../../contract/http/push.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'
import { session } from '../app/session.svelte.ts'
import { language } from '../text/language.svelte.ts'

export type PushHere = 'none' | 'denied' | 'off' | 'on'

class PushSwitch {
  here = $state<PushHere>('none')
  state = $state.raw<PushState | null>(null)
  failed = $state(false)

  async look(): Promise<void> {
    this.state = await call('GET', ROUTES.push, pushStateSchema).catch(() => this.state)
    this.here = await whereAmI()
  }

  /** By the person's touch alone: a browser that is asked unbidden remembers a no. */
  async on(): Promise<void> {
    this.failed = false
    try {
      const { key } = await call('GET', ROUTES.push, pushStateSchema)
      if ((await Notification.requestPermission()) === 'granted') {
        const { pushManager } = await navigator.serviceWorker.ready
        await tell(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }))
      }
    } catch (error) {
      console.warn('no messages to this phone', error)
      this.failed = true
    }
    await this.look()
  }

  async off(): Promise<void> {
    await endSubscription()
    await this.look()
  }

  async trial(): Promise<void> {
    await call('POST', ROUTES.pushTrial, z.unknown())
  }
}

export const push = new PushSwitch()

const canPush = (): boolean =>
  'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis

async function subscription(): Promise<PushSubscription | null> {
  if (!canPush()) return null
  const registration = await navigator.serviceWorker.getRegistration('/m/')
  return (await registration?.pushManager.getSubscription()) ?? null
}

async function whereAmI(): Promise<PushHere> {
  if (!canPush()) return 'none'
  if (Notification.permission === 'denied') return 'denied'
  return (await subscription().catch(() => null)) === null ? 'off' : 'on'
}

async function tell(made: PushSubscription): Promise<void> {
  const { endpoint, keys } = made.toJSON()
  const body = { endpoint, keys: { p256dh: keys?.['p256dh'], auth: keys?.['auth'] }, language: language.current }
  await call('POST', ROUTES.pushSubscriptions, z.unknown(), { body })
}

/** At every start: the hub learns under which sign-in this phone is reached now. */
export async function keepSubscription(): Promise<void> {
  if (!session.can('push:subscribe')) return
  const made = await subscription().catch(() => null)
  if (made !== null)
    await tell(made).catch((error: unknown) => console.warn('the hub was not told of this phone', error))
}

/** Before signing out, and when the person wants no more. */
export async function endSubscription(): Promise<void> {
  const made = await subscription().catch(() => null)
  if (made === null) return
  const { endpoint } = made
  await call('DELETE', ROUTES.pushSubscriptions, z.unknown(), { body: { endpoint } }).catch(() => undefined)
  await made.unsubscribe().catch(() => false)
}
