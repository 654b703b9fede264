// The page of the HTTP API, written from the description that the hub itself gives out at /api/openapi.json.

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly default?: unknown
}

interface Answer {
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly { in: string; name: string; required?: boolean; schema?: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> }
  readonly responses: Readonly<Record<string, Answer>>
  readonly security?: readonly object[]
}

export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const HEAD = `# The HTTP API 接口

Written by \`npm run docs\` from \`GET /api/openapi.json\`; do not edit. A running hub gives out the same in OpenAPI 3.1.

Bodies are JSON. Sign in with \`POST /api/v1/session\`, which sets a cookie; machines send \`Authorization: Bearer <token>\` with a
token of their own. Times are milliseconds since 1970 UTC. Lists take \`limit\` (≤ 500) and the opaque \`cursor\` of the page before
as \`next\`. An error is \`{"error": {"code", "message", "details"?}}\`, its message in Chinese and English. Whoever asks sees what lies in
their scope; what lies outside does not exist for them (404).
`

/** The tags in the order of the page, with the headings they get; a tag that is not listed fails the page. */
const CHAPTERS: Readonly<Record<string, string>> = {
  session: 'Session 登录',
  alarms: 'Alarms 报警',
  devices: 'Devices 设备',
  installs: 'Installing 安装',
  commands: 'Commands 命令',
  readings: 'Readings 读数',
  places: 'Places 地点',
  rentals: 'Rental houses 出租房',
  coverage: 'Coverage 应装尽装',
  'first-steps': 'First steps 处置要点',
  files: 'Files 文件',
  search: 'Search 查找',
  wall: 'Wall 大屏',
  shift: 'Shift 值班',
  push: 'Push 推送',
  prompts: 'Prompts 询问',
  rules: 'Rules 规则',
  users: 'Users 用户',
  tokens: 'Tokens 令牌',
  audit: 'Audit 审计',
  privacy: 'Privacy 个人信息',
  operation: 'Operation 运行',
  demo: 'Demonstration 演示',
}

export function renderApiPage({ paths, components }: Description): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const unknown = operations.find(({ operation }) => !((operation.tags?.[0] ?? '') in CHAPTERS))
  if (unknown) throw new Error(`${unknown.method} ${unknown.path} has no chapter on the page of the API`)
  const chapters = Object.entries(CHAPTERS).flatMap(([tag, title]) => {
    const own = operations.filter(({ operation }) => operation.tags?.[0] === tag)
    return own.length === 0 ? [] : [`## ${title}`, ...own.map(renderOperation)]
  })
  const shapes = Object.entries(components.schemas)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, schema]) => code(`${name} = ${notation(schema, 0)}`))
  return `${[HEAD.trimEnd(), ...chapters, '## Shapes 形状', ...shapes].join('\n\n')}\n`
}

function renderOperation({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parts = [`### ${method.toUpperCase()} ${path}`]
  if (operation.summary !== undefined) parts.push(operation.summary)
  const who =
    operation.security?.length === 0 ? 'Without signing in.' : (operation.description ?? 'Whoever is signed in.')
  parts.push(who)
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query')
  if (query.length > 0)
    parts.push(
      query
        .map(
          ({ name, required, schema }) =>
            `- \`${name}${required === true ? '' : '?'}\`: \`${notation(schema ?? {}, 0)}\``,
        )
        .join('\n'),
    )
  const body = contentOf(operation.requestBody)
  if (body !== undefined) parts.push(code(`send ${body}`))
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (!status.startsWith('2')) continue
    const content = contentOf(answer)
    parts.push(content === undefined ? `Answers ${status} without a body.` : code(`${status} ${content}`))
  }
  return parts.join('\n\n')
}

function contentOf(holder: { readonly content?: Answer['content'] } | undefined): string | undefined {
  const [type, media] = Object.entries(holder?.content ?? {})[0] ?? []
  if (type === undefined || media?.schema === undefined) return undefined
  return type === 'application/json' ? notation(media.schema, 0) : type
}

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``

/** A schema in a notation like TypeScript's, objects over several lines. */
export function notation(schema: Schema, depth: number): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  const choice = schema.anyOf ?? schema.oneOf
  if (choice !== undefined) return choice.map((one) => notation(one, depth)).join(' | ')
  if (schema.allOf !== undefined) return schema.allOf.map((one) => notation(one, depth)).join(' & ')
  if (Array.isArray(schema.type))
    return schema.type.map((type: string) => notation({ ...schema, type }, depth)).join(' | ')
  if (schema.type === 'array') return arrayOf(schema, depth)
  if (schema.type === 'object') return object(schema, depth)
  return scalar(schema)
}

function arrayOf({ items, maxItems }: Schema, depth: number): string {
  const one = notation(items ?? {}, depth)
  return `${/ [|&] /.test(one) && !one.startsWith('{') ? `(${one})` : one}[]${maxItems === undefined ? '' : ` (≤ ${maxItems})`}`
}

function object({ properties, required = [], additionalProperties }: Schema, depth: number): string {
  if (properties === undefined)
    return typeof additionalProperties === 'object' ? `{ [name]: ${notation(additionalProperties, depth)} }` : '{}'
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties).map(
    ([name, value]) => `${indent}${name}${required.includes(name) ? '' : '?'}: ${notation(value, depth + 1)}`,
  )
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

// Bounds that say no more than "an exact integer" or "an instant" are left out.
const TELLING = 4_000_000_000

function scalar({ type, minimum, maximum, maxLength, default: usual }: Schema): string {
  const notes: string[] = []
  if (minimum !== undefined && minimum > -TELLING && !(minimum === 0 && (maximum ?? Infinity) > TELLING))
    notes.push(`≥ ${minimum}`)
  if (maximum !== undefined && maximum < TELLING) notes.push(`≤ ${maximum}`)
  if (maxLength !== undefined) notes.push(`≤ ${maxLength} characters`)
  if (usual !== undefined) notes.push(`default ${JSON.stringify(usual)}`)
  return `${typeof type === 'string' ? type : 'any'}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
}
