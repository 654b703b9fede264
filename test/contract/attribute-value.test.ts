import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { attributeValue } from '../../contract/kinds/attribute-value.ts'
import { attributeOf, KINDS } from '../../contract/kinds/table.ts'
import { KIND_NAMES } from '../../contract/kinds/kind.ts'
import type { Attribute, KindName } from '../../contract/kinds/kind.ts'

const value = (kind: KindName, name: string, raw: unknown) => {
  const attribute = attributeOf(kind, name)
  if (attribute === undefined) throw new Error(`${kind} has no attribute ${name}`)
  return attributeValue(attribute, raw)
}

const everyAttribute: readonly Attribute[] = KIND_NAMES.flatMap((name) => KINDS[name].attributes)

describe('the canonical form of an attribute', () => {
  it.each([
    ['electricity', 'phases', 3, 3],
    ['electricity', 'phases', ' 3 ', 3],
    ['electricity', 'phases', 2, undefined],
    ['electricity', 'position', 'final', 'final'],
    ['electricity', 'position', 'constructor', undefined],
    ['electricity', 'rcdMa', '30', 30],
    ['electricity', 'rcdMa', 30, 30],
    // A rated current of nothing would make every reading an alarm.
    ['electricity', 'ratedCurrentA', 0, undefined],
    ['electricity', 'ratedCurrentA', '', undefined],
    ['electricity', 'ratedCurrentA', 'NaN', undefined],
    ['electricity', 'ratedCurrentA', 'Infinity', undefined],
    ['electricity', 'critical', 'true', true],
    ['electricity', 'critical', false, false],
    ['electricity', 'critical', 1, undefined],
    ['electricity', 'installedAt', '2026-06-01', '2026-06-01'],
    ['electricity', 'installedAt', '2026-02-30', undefined],
    ['electricity', 'installedAt', '2026-6-1', undefined],
    ['electricity', 'location', '  厨房 ', '厨房'],
    ['electricity', 'location', '  ', undefined],
    ['electricity', 'location', '长'.repeat(201), undefined],
  ] as const)('%s %s %j is %j', (kind, name, raw, expected) => {
    expect(value(kind, name, raw)).toBe(expected)
  })

  it('takes a list as JSON or as one cell', () => {
    expect(value('camera', 'covers', ['走廊', '大门'])).toEqual(['走廊', '大门'])
    expect(value('camera', 'covers', '走廊; 大门;')).toEqual(['走廊', '大门'])
    expect(value('camera', 'covers', ['走廊', 3])).toBeUndefined()
    expect(value('camera', 'covers', Array(51).fill('x'))).toBeUndefined()
  })

  it('never throws, and what it accepted it accepts again unchanged', () => {
    fc.assert(
      fc.property(fc.constantFrom(...everyAttribute), fc.anything(), (attribute, raw) => {
        const once = attributeValue(attribute, raw)
        if (once !== undefined) expect(attributeValue(attribute, once)).toEqual(once)
      }),
    )
  })

  it('accepts every default', () => {
    for (const attribute of everyAttribute) {
      if (attribute.default !== undefined) expect(attributeValue(attribute, attribute.default)).toBe(attribute.default)
    }
  })
})
