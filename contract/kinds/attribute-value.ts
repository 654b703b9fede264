// The one canonical form of an attribute's value, whether it came as JSON, from a CSV cell or from a form. Rules compare it
// (`phases` is the number 3, not the text), so everything that stores an attribute passes here.
import type { Attribute } from './kind.ts'

export type AttributeValue = string | number | boolean | readonly string[]

const MAX_TEXT = 200
const MAX_LIST = 50
const ISO_DATE = /^\d{4}-\d{2}-\d{2}$/

/** The value, or undefined where it is not one of this attribute. Texts of a list are separated by `;` in a CSV cell. */
export function attributeValue(attribute: Attribute, raw: unknown): AttributeValue | undefined {
  const { type } = attribute
  if (typeof type === 'object') {
    const wanted = typeof raw === 'string' ? raw.trim() : raw
    return type.oneOf.find((option) => option === wanted || String(option) === wanted)
  }
  switch (type) {
    case 'text':
      return text(raw)
    case 'date':
      return date(raw)
    case 'list':
      return list(raw)
    case 'boolean':
      return raw === true || raw === 'true' ? true : raw === false || raw === 'false' ? false : undefined
    case 'number':
      return number(attribute, raw)
  }
}

function text(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined
  const trimmed = raw.trim()
  return trimmed !== '' && trimmed.length <= MAX_TEXT ? trimmed : undefined
}

function list(raw: unknown): readonly string[] | undefined {
  const parts = typeof raw === 'string' ? raw.split(';').filter((part) => part.trim() !== '') : raw
  if (!Array.isArray(parts) || parts.length > MAX_LIST) return undefined
  const texts = parts.map(text)
  return texts.every((part) => part !== undefined) ? texts : undefined
}

/** A day of the calendar as `2026-06-01`; one that does not exist is refused, not moved. */
function date(raw: unknown): string | undefined {
  const day = text(raw)
  if (day === undefined || !ISO_DATE.test(day)) return undefined
  const instant = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(day) ? day : undefined
}

function number({ min = -Infinity, max = Infinity }: Attribute, raw: unknown): number | undefined {
  const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
  return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max ? value : undefined
}
