// What can be wrong with a page as it stands: axe's findings, and what axe does not measure. Each finding is one line.
import axe from 'axe-core'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'

const WCAG_22_AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What depends on the theme. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/** Once what moves has arrived: a dialog on its way in has neither its colours nor its place yet. A pulse never arrives. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const moving = () =>
      document
        .getAnimations()
        .filter(
          ({ playState, effect }) =>
            playState === 'running' && Number.isFinite(Number(effect?.getComputedTiming().endTime)),
        )
    do {
      await Promise.allSettled(moving().map((one) => one.finished))
      // What one change brings about begins with the next frame.
      await frame()
      await frame()
    } while (moving().length > 0)
  })
}

/** Violations of WCAG 2.2 A and AA. `evaluate` is not bound by the policy of the page. */
export async function violations(page: Page, what: 'all' | 'colours'): Promise<string[]> {
  await atRest(page)
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source)
  const results = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(options),
    {
      runOnly: what === 'all' ? { type: 'tag', values: WCAG_22_AA } : { type: 'rule', values: COLOUR_RULES },
      resultTypes: ['violations'],
    } satisfies RunOptions,
  )
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} — ${any[0]?.message ?? ''}`),
  )
}

/** The side of the smallest thing a finger must hit, CSS px. */
export const FINGER = 44

/** Something wider than the page, text cut off without a way to read it, or two controls on one another. */
export async function misfits(page: Page): Promise<string[]> {
  await atRest(page)
  return page.evaluate(() => {
    const found: string[] = []
    const name = (element: Element) =>
      `${element.tagName.toLowerCase()}.${element.getAttribute('class')?.replace(/\s*svelte-\w+/g, '') ?? ''} “${(element.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 40)}”`
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth) {
      const widest = [...document.body.querySelectorAll('*')].toSorted(
        (a, b) => b.getBoundingClientRect().right - a.getBoundingClientRect().right,
      )[0]
      found.push(`the page scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}, ${widest && name(widest)}`)
    }
    const boxes = [...document.querySelectorAll<HTMLElement>('body *')].filter(
      (element) =>
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
        element.closest('svg, .visually-hidden, .uplot, option') === null,
    )
    for (const box of boxes) {
      const style = getComputedStyle(box)
      const cuts = ['hidden', 'clip'].includes(style.overflowX)
      const own = [...box.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
      )
      if (!cuts || !own || box.scrollWidth <= box.clientWidth + 1) continue
      if (style.clipPath !== 'none') continue
      if (style.textOverflow === 'ellipsis' && box.closest('[title]') !== null) continue
      // A control or a row that is opened to be read whole.
      if (style.textOverflow === 'ellipsis' && box.closest('a, button, [role=option]') !== null) continue
      found.push(`cut off: ${name(box)} ${box.scrollWidth} > ${box.clientWidth}`)
    }
    // Text that leaves a box of its own line is drawn over its neighbour.
    for (const box of boxes) {
      if (box.childElementCount > 0 || (box.textContent ?? '').trim() === '') continue
      const parent = box.parentElement
      if (parent === null) continue
      // Within what cuts with an ellipsis it is cut, not drawn over.
      let cutter: Element | null = parent
      while (cutter !== null && getComputedStyle(cutter).overflowX === 'visible') cutter = cutter.parentElement
      if (cutter !== null && getComputedStyle(cutter).textOverflow === 'ellipsis') continue
      if (parent === cutter) continue
      const [inner, outer] = [box.getBoundingClientRect(), parent.getBoundingClientRect()]
      if (outer.width > 0 && getComputedStyle(box).position === 'static' && inner.right > outer.right + 2)
        found.push(`leaves its box: ${name(box)} by ${Math.round(inner.right - outer.right)} px`)
    }
    /** What of it is in view: a row may end below the edge of its list. */
    const visible = (element: Element): DOMRect => {
      const rect = element.getBoundingClientRect()
      let [left, top, right, bottom] = [rect.left, rect.top, rect.right, rect.bottom]
      for (let up = element.parentElement; up !== null; up = up.parentElement) {
        if (getComputedStyle(up).overflow === 'visible') continue
        const edge = up.getBoundingClientRect()
        left = Math.max(left, edge.left)
        top = Math.max(top, edge.top)
        right = Math.min(right, edge.right)
        bottom = Math.min(bottom, edge.bottom)
      }
      return new DOMRect(left, top, Math.max(0, right - left), Math.max(0, bottom - top))
    }
    const controls = [
      ...document.querySelectorAll<HTMLElement>(
        'a[href], button, input, select, textarea, summary, [role=option], [role=menuitem]',
      ),
    ].flatMap((control) => {
      const rect = visible(control)
      if (rect.width === 0 || rect.height === 0) return []
      const hit = document.elementFromPoint(rect.left + rect.width / 2, rect.top + rect.height / 2)
      return hit !== null && (control.contains(hit) || hit.contains(control)) ? [{ control, rect }] : []
    })
    for (const [index, one] of controls.entries())
      for (const other of controls.slice(index + 1)) {
        if (one.control.contains(other.control) || other.control.contains(one.control)) continue
        const width = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left)
        const height = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top)
        if (width > 1 && height > 1) found.push(`one on another: ${name(one.control)} and ${name(other.control)}`)
      }
    return [...new Set(found)]
  })
}

/** Controls smaller than a finger. A link within a sentence is as high as its line. */
export async function smallTargets(page: Page): Promise<string[]> {
  await atRest(page)
  return page.evaluate((least) => {
    const controls = document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [role=option], [role=menuitem]',
    )
    return [...controls].flatMap((control) => {
      if (control.closest('.visually-hidden') !== null || control.closest('p') !== null) return []
      const target = control.matches('input[type=checkbox], input[type=radio]') ? control.closest('label') : control
      const { left, top, width, height } = (target ?? control).getBoundingClientRect()
      const hit = document.elementFromPoint(left + width / 2, top + height / 2)
      if (width === 0 || hit === null || !(control.contains(hit) || hit.contains(control))) return []
      if (width >= least - 0.5 && height >= least - 0.5) return []
      const text = (control.getAttribute('aria-label') ?? control.textContent ?? '').trim().slice(0, 40)
      return [`small: ${control.tagName.toLowerCase()} “${text}” ${Math.round(width)} × ${Math.round(height)}`]
    })
  }, FINGER)
}
