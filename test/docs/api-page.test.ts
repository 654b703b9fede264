// The committed page of the API says what this hub's routes say.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from '../dashboard/server/world.ts'
import { notation, renderApiPage } from './api-page.ts'
import type { Description } from './api-page.ts'

describe('the page of the API', () => {
  let world: World
  let description: Description
  beforeAll(async () => {
    world = await World.start()
    description = (await world.call<Description>('GET', '/api/openapi.json')).body
  })
  afterAll(() => world.stop())

  it('is what `npm run docs` writes from the hub’s own description', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8')
    expect(page, 'run `npm run docs -- --api`').toBe(renderApiPage(description))
  })

  it('has a sentence for every route', () => {
    for (const [path, methods] of Object.entries(description.paths))
      for (const [method, { summary }] of Object.entries(methods))
        expect(summary, `${method} ${path}`).toMatch(/^\p{Script=Han}.*。 [A-Z].*\.$/u)
  })

  it('writes shapes in the notation it promises', () => {
    expect(notation({ type: ['string', 'null'] }, 0)).toBe('string | null')
    expect(notation({ type: 'array', items: { enum: ['a', 'b'] } }, 0)).toBe('("a" | "b")[]')
    expect(
      notation(
        { type: 'object', properties: { limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 } } },
        0,
      ),
    ).toBe('{\n  limit?: integer (≥ 1, ≤ 500, default 50)\n}')
  })
})
