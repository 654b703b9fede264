import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RedrawPace } from '../../../dashboard/web/src/feed/redraw-pace.ts'

describe('when the list is drawn anew', () => {
  it('draws the first change at once', () => {
    expect(new RedrawPace().wait(0)).toBe(0)
  })

  it('lets the page have a frame after each drawing', () => {
    const pace = new RedrawPace()
    pace.drawn(1_000, 1_002)
    expect(pace.wait(1_002)).toBe(16)
    expect(pace.wait(1_010)).toBe(8)
    expect(pace.wait(1_018)).toBe(0)
    expect(pace.wait(60_000)).toBe(0)
  })

  it('never takes more than half of the page’s time, however long a drawing takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 500, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (costs) => {
          const pace = new RedrawPace()
          let [now, drawing] = [0, 0]
          for (const cost of costs) {
            now += pace.wait(now)
            pace.drawn(now, now + cost)
            now += cost
            drawing += cost
          }
          now += pace.wait(now)
          expect(drawing).toBeLessThanOrEqual(now / 2 + 1e-6)
        },
      ),
    )
  })
})
