// When the desks change hands and who leads, as an administrator has set it. Unknown until the hub has said it.
import { shiftSchema } from '../../../../contract/http/shift.ts'
import type { Shift } from '../../../../contract/http/shift.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

/** A name that was changed elsewhere stands here within this long, ms. */
const REFRESH_MS = 5 * 60_000

class ShiftSetting {
  current = $state.raw<Shift | null>(null)

  /** Until the returned function is called. */
  follow(): () => void {
    void this.refresh()
    const timer = setInterval(() => void this.refresh(), REFRESH_MS)
    return () => clearInterval(timer)
  }

  async load(): Promise<void> {
    this.current = await call('GET', ROUTES.shift, shiftSchema)
  }

  refresh(): Promise<void> {
    return this.load().catch((error: unknown) => console.warn('the shift could not be read', error))
  }

  async save(shift: Shift): Promise<void> {
    this.current = await call('PUT', ROUTES.shift, shiftSchema, { body: shift })
  }
}

export const shift = new ShiftSetting()
