// A parser of as much Flux as the reading store speaks. What it does not know it refuses, so that nothing is asked of a real
// server that was not looked at here.

export type Expression =
  | { readonly is: 'literal'; readonly value: string | number | boolean | RegExp | Date | Duration }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'record'; readonly base: string | null; readonly fields: ReadonlyMap<string, Expression> }
  | { readonly is: 'member'; readonly of: Expression; readonly name: string }
  | { readonly is: 'call'; readonly name: string; readonly arguments: ReadonlyMap<string, Expression> }
  | { readonly is: 'pipe'; readonly from: Expression; readonly to: Expression & { readonly is: 'call' } }
  | { readonly is: 'function'; readonly parameter: string; readonly body: Expression }
  | { readonly is: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }

export interface Duration {
  readonly ms: number
}

export type Statement =
  | { readonly is: 'import'; readonly path: string }
  | { readonly is: 'option'; readonly name: string; readonly value: Expression }
  | { readonly is: 'assign'; readonly name: string; readonly value: Expression }
  | { readonly is: 'expression'; readonly value: Expression }

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const TOKEN =
  /\s*(?:(?<date>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?<duration>-?(?:\d+(?:ms|[smhdw]))+)\b|(?<number>-?\d+(?:\.\d+)?)|(?<string>"(?:[^"\\]|\\.)*")|(?<regex>\/(?:[^/\\\n]|\\.)+\/)|(?<name>[A-Za-z_]\w*)|(?<sign>\|>|=>|==|!=|=~|!~|<=|>=|[-+<>=(){}[\],.:]))/y

interface Token {
  readonly kind: string
  readonly text: string
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let rest = text.trimEnd(); TOKEN.lastIndex < rest.length;) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(rest)
    if (match === null) throw new SyntaxError(`not Flux: ${rest.slice(at, at + 40)}`)
    const [kind, found] = Object.entries(match.groups ?? {}).find(([, part]) => part !== undefined) ?? ['', '']
    tokens.push({ kind, text: found ?? '' })
  }
  return tokens
}

export const durationOf = (text: string): Duration => {
  let ms = 0
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    ms += Number(number) * (UNIT_MS[unit ?? ''] ?? NaN)
  return { ms: text.startsWith('-') ? -ms : ms }
}

export function parseFlux(text: string): Statement[] {
  const tokens = tokensOf(text)
  let at = 0
  const peek = (offset = 0): string => tokens[at + offset]?.text ?? ''
  const take = (wanted?: string): Token => {
    const token = tokens[at]
    if (token === undefined || (wanted !== undefined && token.text !== wanted))
      throw new SyntaxError(
        `Flux: ${wanted ?? 'more'} expected, not ${token?.text ?? 'the end'}, after ${tokens
          .slice(Math.max(0, at - 5), at)
          .map((one) => one.text)
          .join(' ')}`,
      )
    at++
    return token
  }

  function expression(): Expression {
    let left = conjunction()
    while (peek() === 'or') {
      take()
      left = { is: 'binary', operator: 'or', left, right: conjunction() }
    }
    return left
  }
  function conjunction(): Expression {
    let left = comparison()
    while (peek() === 'and') {
      take()
      left = { is: 'binary', operator: 'and', left, right: comparison() }
    }
    return left
  }
  function comparison(): Expression {
    const left = sum()
    if (!['==', '!=', '=~', '!~', '<', '>', '<=', '>='].includes(peek())) return left
    return { is: 'binary', operator: take().text, left, right: sum() }
  }
  function sum(): Expression {
    let left = piped()
    while (peek() === '+') {
      take()
      left = { is: 'binary', operator: '+', left, right: piped() }
    }
    return left
  }
  function piped(): Expression {
    let from = postfix()
    while (peek() === '|>') {
      take()
      const to = postfix()
      if (to.is !== 'call') throw new SyntaxError('Flux: only calls are piped to')
      from = { is: 'pipe', from, to }
    }
    return from
  }
  function postfix(): Expression {
    let value = primary()
    for (;;) {
      if (peek() === '.') {
        take()
        value = { is: 'member', of: value, name: take().text }
      } else if (peek() === '(' && (value.is === 'name' || value.is === 'member')) {
        const name = value.is === 'name' ? value.name : `${(value.of as { name: string }).name}.${value.name}`
        take()
        value = { is: 'call', name, arguments: named(')', ':') }
      } else return value
    }
  }
  function named(end: string, sign: string): Map<string, Expression> {
    const found = new Map<string, Expression>()
    while (peek() !== end) {
      const { text: name } = take()
      take(sign)
      found.set(name, expression())
      if (peek() === ',') take()
    }
    take(end)
    return found
  }
  function primary(): Expression {
    const token = take()
    const literal = (value: string | number | boolean | RegExp | Date | Duration): Expression => ({
      is: 'literal',
      value,
    })
    switch (token.kind) {
      case 'string':
        return literal(JSON.parse(token.text.replaceAll('\\${', '${')) as string)
      case 'number':
        return literal(Number(token.text))
      case 'date':
        return literal(new Date(token.text))
      case 'duration':
        return literal(durationOf(token.text))
      case 'regex':
        return literal(new RegExp(token.text.slice(1, -1)))
      case 'name':
        return token.text === 'true' || token.text === 'false'
          ? literal(token.text === 'true')
          : { is: 'name', name: token.text }
    }
    if (token.text === '[') {
      const items: Expression[] = []
      while (peek() !== ']') {
        items.push(expression())
        if (peek() === ',') take()
      }
      take(']')
      return { is: 'list', items }
    }
    if (token.text === '{') {
      const base = peek(1) === 'with' ? take().text : null
      if (base !== null) take('with')
      return { is: 'record', base, fields: named('}', ':') }
    }
    if (token.text === '(' && peek(1) === ')' && peek(2) === '=>') {
      const parameter = take().text
      take(')')
      take('=>')
      return { is: 'function', parameter, body: expression() }
    }
    if (token.text === '(') {
      const inner = expression()
      take(')')
      return inner
    }
    throw new SyntaxError(`Flux: ${token.text} not expected`)
  }

  const statements: Statement[] = []
  while (at < tokens.length) {
    if (peek() === 'import') {
      take()
      statements.push({ is: 'import', path: JSON.parse(take().text) as string })
    } else if (peek() === 'option') {
      take()
      const { text: name } = take()
      take('=')
      statements.push({ is: 'option', name, value: expression() })
    } else if (tokens[at]?.kind === 'name' && peek(1) === '=') {
      const { text: name } = take()
      take('=')
      statements.push({ is: 'assign', name, value: expression() })
    } else statements.push({ is: 'expression', value: expression() })
  }
  return statements
}
