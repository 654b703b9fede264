// A device's attributes against what its kind is described by.
import type { Attributes } from '../../contract/http/devices.ts'
import type { Attribute, KindName } from '../../contract/kinds/kind.ts'
import { attributeOf } from '../../contract/kinds/table.ts'
import type { Issue } from './errors.ts'

type Value = Attributes[string]

const DATE = /^\d{4}-\d{2}-\d{2}$/

function problemOf(attribute: Attribute, value: Value): string | null {
  const { type, min, max } = attribute
  if (typeof type === 'object')
    return type.oneOf.includes(value as string | number) ? null : `one of ${type.oneOf.join(', ')}`
  if (type === 'number') {
    if (typeof value !== 'number') return 'a number'
    if (min !== undefined && value < min) return `at least ${min}`
    return max !== undefined && value > max ? `at most ${max}` : null
  }
  if (type === 'boolean') return typeof value === 'boolean' ? null : 'true or false'
  if (typeof value !== 'string') return 'a text'
  return type === 'date' && (!DATE.test(value) || Number.isNaN(Date.parse(value))) ? 'a date, YYYY-MM-DD' : null
}

/** What is wrong with the attributes of a device of this kind; `path` is the attribute's name. */
export function attributeIssues(kind: KindName, attributes: Attributes): Issue[] {
  const issues: Issue[] = []
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = attributeOf(kind, name)
    if (attribute === undefined) issues.push({ path: name, message: `${kind} has no attribute ${name}` })
    else {
      const problem = problemOf(attribute, value)
      if (problem !== null) issues.push({ path: name, message: `must be ${problem}` })
    }
  }
  return issues
}

const TRUE = new Set(['true', '1', 'yes', '是'])
const FALSE = new Set(['false', '0', 'no', '否'])

/** An attribute as a table's cell has it: text, to be read as the attribute's type; what cannot be stays a text. */
export function attributeFromText(kind: KindName, name: string, text: string): Value {
  const type = attributeOf(kind, name)?.type
  const numeric = type === 'number' || (typeof type === 'object' && type.oneOf.some((one) => typeof one === 'number'))
  if (numeric && text !== '' && Number.isFinite(Number(text))) return Number(text)
  if (type === 'boolean') {
    if (TRUE.has(text.toLowerCase())) return true
    if (FALSE.has(text.toLowerCase())) return false
  }
  return text
}
