import { describe, expect, it } from 'vitest'
import { chargingIn } from '../../../hub/prompts/charging.ts'
import { MINUTE, minutesOf } from '../../../hub/prompts/minutes.ts'
import type { Minutes } from '../../../hub/prompts/minutes.ts'
import { overloadIn } from '../../../hub/prompts/overload.ts'

/** 2026-11-21 18:00 in Shanghai. */
const EVENING = Date.UTC(2026, 10, 21, 10)
const HOUR = 60

/** Watts of a load at a minute after 18:00. */
type Load = (minute: number) => number

/** A refrigerator, and what a meter's last digit does. */
const household: Load = (minute) => 60 + (minute % 40 < 14 ? 70 : 0) + ((minute * 7) % 11) - 5
const from =
  (start: number, end: number, load: Load): Load =>
  (minute) =>
    minute >= start && minute < end ? load(minute - start) : 0

const night = (loads: readonly Load[], hours = 13, startsAt = EVENING): Minutes => ({
  from: startsAt,
  watts: Array.from({ length: hours * HOUR }, (_, minute) => loads.reduce((sum, load) => sum + load(minute), 0)),
})

/** Constant current for so long, then a fall with that half-life, minutes. */
const charger =
  (watts: number, steady: number, half: number): Load =>
  (minute) =>
    minute < steady ? watts : watts * 0.5 ** ((minute - steady) / half)

describe('what looks like an e-bike on charge', () => {
  it('is a step of 150 to 900 W that stays an hour and falls slowly', () => {
    for (const [watts, steady, half] of [
      [180, 240, 40],
      [300, 120, 35],
      [480, 90, 30],
      [850, 75, 45],
    ] as const) {
      const found = chargingIn(night([household, from(200, 780, charger(watts, steady, half))]))
      expect([watts, found === null]).toEqual([watts, false])
      // To within what the refrigerator does meanwhile.
      expect(Math.abs((found?.watts ?? 0) - watts)).toBeLessThanOrEqual(90)
      expect(Math.abs((found?.from ?? 0) - (EVENING + 200 * MINUTE))).toBeLessThanOrEqual(2 * MINUTE)
      expect((found?.to ?? 0) - (found?.from ?? 0)).toBeGreaterThan(steady * MINUTE)
      expect(found?.endWatts ?? 0).toBeLessThan(watts)
    }
  })

  it('is not a kettle, a heater, an air conditioner, a lamp, an oven, or nothing', () => {
    const lookAlikes: Record<string, Load> = {
      nothing: () => 0,
      kettle: from(100, 106, () => 1_800),
      'rice cooker, then keeping warm': from(60, 400, (minute) => (minute < 35 ? 700 : 40)),
      'heater that is switched off': from(120, 420, () => 800),
      'heater with its thermostat': from(120, 700, (minute) => (minute % 20 < 9 ? 850 : 0)),
      'air conditioner': from(150, 700, (minute) => (minute % 26 < 15 ? 780 : 40)),
      'lamp and television': from(90, 330, () => 220),
      'water heater': from(30, 110, () => 1_500),
      'two things off one after the other': from(60, 300, (minute) => (minute < 150 ? 400 : 180)),
      'battery of a telephone': from(200, 780, charger(20, 120, 40)),
      'a charger that was pulled out': from(200, 330, () => 300),
    }
    for (const [name, load] of Object.entries(lookAlikes))
      expect([name, chargingIn(night([household, load]))]).toEqual([name, null])
  })

  it('is asked about at night only, and never across a time that is not known', () => {
    const load = from(120, 700, charger(300, 120, 40))
    expect(chargingIn(night([household, load], 13, EVENING))).not.toBeNull()
    // The same at ten in the morning.
    expect(chargingIn(night([household, load], 10, EVENING - 10 * HOUR * MINUTE))).toBeNull()
    const known = night([household, load])
    const holed = {
      ...known,
      watts: known.watts.map((value, minute) => (minute >= 180 && minute < 200 ? null : value)),
    }
    expect(chargingIn(holed)).toBeNull()
  })
})

describe('more than a room is let with', () => {
  const minutes = (watts: (number | null)[]): Minutes => ({ from: EVENING, watts })

  it('is told after three minutes on end, by the longest stretch', () => {
    expect(overloadIn(minutes([900, 1_900, 1_950, 400]), 1_500)).toBeNull()
    expect(overloadIn(minutes([900, 1_600, 1_700, 1_650, 400, 1_900, 1_900, 1_900, 1_900, 100]), 1_500)).toEqual({
      from: EVENING + 5 * MINUTE,
      to: EVENING + 9 * MINUTE,
      watts: 1_900,
      limitWatts: 1_500,
    })
    expect(overloadIn(minutes([1_600, 1_600, null, 1_600, 1_600]), 1_500)).toBeNull()
    expect(overloadIn(minutes([1_500, 1_500, 1_500, 1_500]), 1_500)).toBeNull()
    expect(overloadIn(minutes([]), 1_500)).toBeNull()
  })
})

describe('minutes of a meter', () => {
  it('hold a value for five minutes and no longer', () => {
    const { watts } = minutesOf([{ t: EVENING + 2 * MINUTE, mean: 100 }], EVENING, EVENING + 10 * MINUTE)
    expect(watts).toEqual([null, null, 100, 100, 100, 100, 100, 100, null, null])
  })
})
