// Reads the line protocol as a server does, not as the writer under test does.

export interface WrittenPoint {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  readonly fields: ReadonlyMap<string, number | string>
  /** ms */
  readonly ts: number
}

/** Throws on a line that is none. */
export function parseLine(line: string): WrittenPoint {
  let at = 0
  const fail = (why: string): never => {
    throw new SyntaxError(`${why} at ${at}: ${line}`)
  }
  /** Up to one of the stops that is not escaped. */
  const name = (stops: string): string => {
    let text = ''
    while (at < line.length && !stops.includes(line[at] ?? '')) {
      if (line[at] === '\\' && ', =\\'.includes(line[at + 1] ?? 'x')) at++
      text += line[at]
      at++
    }
    return text === '' ? fail('a name is missing') : text
  }
  const expect = (character: string): void => {
    if (line[at] !== character) fail(`"${character}" is missing`)
    at++
  }
  const value = (): number | string => {
    if (line[at] !== '"') {
      const text = name(', ')
      if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?i?$/.test(text)) fail(`${text} is no number`)
      return Number(text.replace(/i$/, ''))
    }
    at++
    let text = ''
    while (line[at] !== '"') {
      if (at >= line.length) fail('a string has no end')
      if (line[at] === '\\' && '"\\'.includes(line[at + 1] ?? 'x')) at++
      text += line[at]
      at++
    }
    at++
    return text
  }

  const measurement = name(', ')
  const tags = new Map<string, string>()
  while (line[at] === ',') {
    at++
    const key = name('=')
    expect('=')
    tags.set(key, name(', '))
  }
  expect(' ')
  const fields = new Map<string, number | string>()
  do {
    if (fields.size > 0) expect(',')
    const key = name('=')
    expect('=')
    fields.set(key, value())
  } while (line[at] === ',')
  expect(' ')
  const ts = line.slice(at)
  if (!/^-?\d+$/.test(ts)) fail('the time is no integer')
  return { measurement, tags, fields, ts: Number(ts) }
}

/** Lines of a body: a line break inside a string belongs to it. */
export function linesOf(body: string): string[] {
  const lines: string[] = []
  let line = ''
  let quoted = false
  for (let at = 0; at < body.length; at++) {
    const character = body[at] ?? ''
    if (character === '\\') {
      line += character + (body[++at] ?? '')
      continue
    }
    if (character === '"') quoted = !quoted
    if (character === '\n' && !quoted) {
      lines.push(line)
      line = ''
    } else line += character
  }
  return [...lines, line].filter((one) => one !== '')
}
