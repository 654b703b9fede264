// Personal values as they are shown to whoever does not need them whole.

/** Shorter ones are service numbers (119, 12345): nobody's own. */
const SHORTEST_OWN = 6
/** From this many digits on, three and four may stay: it is a mobile number, or one with its area. */
const LONG = 10

/** `138-0000-0012` → `138****0012`: enough to recognise a number one has, not enough to call one that one has not. */
export function maskedPhone(phone: string): string {
  const digits = phone.replace(/^\s*(?:\+|00)86/, '').replace(/\D/g, '')
  if (digits.length < SHORTEST_OWN) return digits
  const [head, tail] = digits.length < LONG ? [1, 2] : [3, 4]
  return `${digits.slice(0, head)}****${digits.slice(-tail)}`
}

/** `陈大文` → `陈*`: one star, however long the name is. */
export function maskedName(name: string): string {
  const [first = ''] = name.trim()
  return `${first}*`
}
