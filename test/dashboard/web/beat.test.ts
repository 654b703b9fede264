import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { beat } from '../../../dashboard/web/src/desk/beat.ts'

const SOURCES = join(import.meta.dirname, '../../../dashboard/web/src')

describe('markers that pulse', () => {
  let dataset: Record<string, string>
  beforeEach(() => {
    dataset = {}
    vi.useFakeTimers()
    vi.stubGlobal('document', { documentElement: { dataset } })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('share one beat of a second, half of it off', () => {
    const ends = [beat(), beat()]
    expect(dataset['beat']).toBeUndefined()
    vi.advanceTimersByTime(500)
    expect(dataset['beat']).toBe('off')
    vi.advanceTimersByTime(500)
    expect(dataset['beat']).toBeUndefined()
    expect(vi.getTimerCount()).toBe(1)
    for (const end of ends) end()
  })

  it('are left on, and nothing ticks, when the last one has gone', () => {
    const [first, second] = [beat(), beat()]
    vi.advanceTimersByTime(500)
    first()
    expect(vi.getTimerCount()).toBe(1)
    second()
    expect(vi.getTimerCount()).toBe(0)
    expect(dataset['beat']).toBeUndefined()
  })

  it('are not animated by CSS, and nothing else is without an end: the compositor would never rest', () => {
    const endless = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(svelte|css)$/.test(name))
      .filter((name) => /\binfinite\b/.test(readFileSync(join(SOURCES, name), 'utf8')))
    expect(endless).toEqual([])
  })
})
