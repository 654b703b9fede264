// Where a device is on a plan: fractions of the picture, never outside it.
import type { PlanPin } from '../../../../contract/http/rentals.ts'

/** Fractions of the picture that an arrow key moves a device. */
const STEP = { fine: 0.005, coarse: 0.05 } as const
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

const within = (value: number): number => Math.min(1, Math.max(0, Math.round(value * 10_000) / 10_000))

export const pinAt = (deviceId: string, x: number, y: number): PlanPin => ({ deviceId, x: within(x), y: within(y) })

/** null: the key moves nothing. */
export function movedByKey(pin: PlanPin, key: string, coarse: boolean): PlanPin | null {
  const arrow = Object.hasOwn(ARROWS, key) ? ARROWS[key] : undefined
  if (arrow === undefined) return null
  const step = coarse ? STEP.coarse : STEP.fine
  return pinAt(pin.deviceId, pin.x + arrow[0] * step, pin.y + arrow[1] * step)
}
