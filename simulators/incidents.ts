// What can be made to happen to a device: in the world around it, inside its sensor, or on the way to the hub.
// An incident is data; the models (`devices/`) and the faults (`faults.ts`) say what it does.
import { ERROR_CODES } from '../contract/kinds/kind.ts'
import { metricOf } from '../contract/kinds/table.ts'
import type { KindName } from '../contract/kinds/kind.ts'
import type { Bilingual } from '../contract/rules.ts'

interface IncidentSort {
  readonly layer: 'world' | 'sensor' | 'wire'
  /** null: every kind with telemetry. */
  readonly kind: KindName | null
  /** Lasts so long unless said otherwise, seconds. */
  readonly seconds: number
  /** What the number after `=` means, and its default. */
  readonly value?: { readonly default: number; readonly unit: string; readonly min: number; readonly max: number }
  /** It acts on one metric, this one unless said otherwise; null: on all of them. */
  readonly metric?: string | null
  readonly label: Bilingual
}

const amount = (initial: number, unit: string, min: number, max: number) => ({ default: initial, unit, min, max })

export const INCIDENTS = {
  creep: {
    layer: 'world',
    kind: 'electricity',
    seconds: 600,
    value: amount(318, 'mA', 0, 10_000),
    label: { zh: '漏电爬升，到时限后保持', en: 'leakage creeps up to the value, then stays' },
  },
  hot_terminal: {
    layer: 'world',
    kind: 'electricity',
    seconds: 900,
    value: amount(50, 'K', 1, 150),
    metric: 'temperature_a',
    label: { zh: '触头发热，带热惯性', en: 'a loose terminal warms with thermal lag' },
  },
  overload: {
    layer: 'world',
    kind: 'electricity',
    seconds: 60,
    value: amount(3_000, 'W', 1, 100_000),
    label: { zh: '接入大功率电器', en: 'a large appliance is switched on' },
  },
  arc: {
    layer: 'world',
    kind: 'electricity',
    seconds: 1,
    metric: 'current_a',
    label: { zh: '故障电弧', en: 'an arc fault' },
  },
  leak: {
    layer: 'world',
    kind: 'gas',
    seconds: 90,
    value: amount(70, '%LEL', 1, 100),
    label: { zh: '燃气泄漏，到时限后通风', en: 'gas leaks towards the value, then is aired' },
  },
  carbon_monoxide: {
    layer: 'world',
    kind: 'gas',
    seconds: 600,
    value: amount(180, 'ppm', 1, 5_000),
    label: { zh: '一氧化碳积聚，到时限后通风', en: 'carbon monoxide gathers, then is aired' },
  },
  fire: {
    layer: 'world',
    kind: 'smoke',
    seconds: 180,
    value: amount(75, '℃', 20, 150),
    label: { zh: '起火：烟雾与升温', en: 'a fire: smoke and heat' },
  },
  weak_battery: {
    layer: 'world',
    kind: 'smoke',
    seconds: 7 * 86_400,
    value: amount(18, '%', 0, 100),
    label: { zh: '电池将尽，每日自报', en: 'the battery runs low, and is told daily' },
  },
  propped: {
    layer: 'world',
    kind: 'access',
    seconds: 900,
    label: { zh: '门被顶住常开', en: 'the door is propped open' },
  },
  forced: {
    layer: 'world',
    kind: 'access',
    seconds: 20,
    label: { zh: '强行开门', en: 'the door is forced' },
  },
  denied: {
    layer: 'world',
    kind: 'access',
    seconds: 60,
    value: amount(6, '×', 1, 100),
    label: { zh: '多次识别失败', en: 'repeated denied attempts' },
  },
  duress: {
    layer: 'world',
    kind: 'access',
    seconds: 1,
    label: { zh: '胁迫开门', en: 'opened under duress' },
  },
  power_cut: {
    layer: 'world',
    kind: null,
    seconds: 600,
    label: { zh: '停电：报主电失电后断线', en: 'power cut: says mains_lost, then drops off' },
  },
  feeder_cut: {
    layer: 'world',
    kind: 'electricity',
    seconds: 120,
    label: { zh: '线路停电：靠电池续测，恢复后补传', en: 'its feeder fails: measures on by battery, backlog follows' },
  },
  tamper: { layer: 'world', kind: null, seconds: 60, label: { zh: '被拆动', en: 'tampered with' } },
  part_fault: {
    layer: 'world',
    kind: null,
    seconds: 300,
    label: { zh: '自报传感器故障', en: 'reports a sensor fault' },
  },
  stuck: {
    layer: 'sensor',
    kind: null,
    seconds: 3600,
    metric: null,
    label: { zh: '数值卡死', en: 'the value is stuck' },
  },
  error_code: {
    layer: 'sensor',
    kind: null,
    seconds: 300,
    metric: null,
    label: { zh: '上报错误码 6553.5', en: 'sends the error code 6553.5' },
  },
  clock: {
    layer: 'sensor',
    kind: null,
    seconds: 600,
    value: amount(3_600, 's', -3e9, 3e9),
    label: { zh: '设备时钟偏差', en: "the device's clock is off" },
  },
  dies: {
    layer: 'wire',
    kind: null,
    seconds: 86_400,
    label: { zh: '死机断线（触发遗嘱）', en: 'dies without a word (its will is sent)' },
  },
  hangs: {
    layer: 'wire',
    kind: null,
    seconds: 3_600,
    label: { zh: '在线但不上报', en: 'stays connected but says nothing' },
  },
  link_down: {
    layer: 'wire',
    kind: null,
    seconds: 300,
    label: { zh: '断网，恢复后补传', en: 'link lost; the backlog follows late' },
  },
  duplicate: {
    layer: 'wire',
    kind: null,
    seconds: 300,
    value: amount(1, '×', 1, 100),
    label: { zh: '重复发送', en: 'sends everything again' },
  },
  out_of_order: {
    layer: 'wire',
    kind: null,
    seconds: 600,
    value: amount(150, 's', 1, 3_600),
    label: { zh: '乱序', en: 'messages overtake each other' },
  },
  malformed: {
    layer: 'wire',
    kind: null,
    seconds: 300,
    label: { zh: '乱码', en: 'misfit payloads' },
  },
  drops: {
    layer: 'wire',
    kind: null,
    seconds: 600,
    value: amount(50, '%', 1, 100),
    label: { zh: '随机丢失', en: 'loses a share of its messages' },
  },
} as const satisfies Record<string, IncidentSort>

export type IncidentName = keyof typeof INCIDENTS
export const INCIDENT_NAMES = Object.keys(INCIDENTS) as IncidentName[]
const sortOf = (name: IncidentName): IncidentSort => INCIDENTS[name]

export interface Incident {
  readonly name: IncidentName
  /** World time, ms, on whole seconds; it acts within [from, until). */
  readonly from: number
  readonly until: number
  /** In the unit of its sort; 0 where it has none. */
  readonly value: number
  /** The metric it acts on; null: all, or it has nothing to do with one. */
  readonly metric: string | null
}

export const acts = (incident: Incident, t: number): boolean => t >= incident.from && t < incident.until

/** The incidents of one name. */
export const named = (incidents: readonly Incident[], name: IncidentName): Incident[] =>
  incidents.filter((incident) => incident.name === name)

/** An incident with the defaults of its sort; it begins on the next whole second, as devices measure. */
export function incident(
  name: IncidentName,
  from: number,
  given: { readonly seconds?: number; readonly value?: number; readonly metric?: string } = {},
): Incident {
  const sort = sortOf(name)
  const begins = Math.ceil(from / 1000) * 1000
  return {
    name,
    from: begins,
    until: begins + Math.max(1, Math.round(given.seconds ?? sort.seconds)) * 1000,
    value: given.value ?? sort.value?.default ?? 0,
    metric: given.metric ?? sort.metric ?? null,
  }
}

/** `6553.5` or `65535`, whichever is no value of the metric; null when both are, as for a counter. */
export function errorCodeOf(kind: KindName, metric: string): number | null {
  const known = metricOf(kind, metric)
  if (known === undefined) return null
  return ERROR_CODES.find((code) => code > known.max || known.errorCodes?.includes(code)) ?? null
}

const SPEC = /^([a-z_]+)(?::([a-z_]+))?@([A-Za-z0-9_-]{1,64})@([\d.]+[smh]?)(?:\+([\d.]+[smh]?))?(?:=(-?[\d.]+))?$/
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600 }

/** `90`, `90s`, `1.5m` or `2h` in seconds; null for anything else. */
export function secondsOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text)
  return match ? Number(match[1]) * (UNITS[match[2] || 's'] as number) : null
}

/** `name[:metric]@device@start[+duration][=value]`, times from the start of the simulation. Throws a sentence. */
export function parseIncident(text: string, start: number): { deviceId: string; incident: Incident } {
  const match = SPEC.exec(text)
  if (!match)
    throw new Error(`"${text}" 应为 name[:metric]@device@start[+duration][=value], e.g. creep@el-001@30s+10m=318`)
  const [, name, metric, deviceId, at, lasting, value] = match as unknown as [string, string, ...(string | undefined)[]]
  if (!Object.hasOwn(INCIDENTS, name)) {
    throw new Error(`"${name}" 不是已知故障 is not a known fault: ${INCIDENT_NAMES.join(', ')}`)
  }
  const known = name as IncidentName
  const sort = sortOf(known)
  const from = secondsOf(at as string)
  const seconds = lasting === undefined ? sort.seconds : secondsOf(lasting)
  if (from === null || seconds === null) throw new Error(`"${text}": 时间应如 90s, 1.5m, 2h (times are written so)`)
  if (metric !== undefined && sort.metric === undefined) throw new Error(`"${name}" 不针对单个测点 acts on no metric`)
  if (value !== undefined) {
    const number = Number(value)
    if (sort.value === undefined) throw new Error(`"${name}" 不带数值 takes no value`)
    if (!(number >= sort.value.min && number <= sort.value.max)) {
      throw new Error(`"${text}": ${sort.value.min}…${sort.value.max} ${sort.value.unit}`)
    }
  }
  return {
    deviceId: deviceId as string,
    incident: incident(known, start + from * 1000, {
      seconds,
      ...(value === undefined ? {} : { value: Number(value) }),
      ...(metric === undefined ? {} : { metric }),
    }),
  }
}

/** Why an incident cannot happen to a device of this kind; null when it can. */
export function misfit(kind: KindName, { name, metric }: Incident): string | null {
  const sort = sortOf(name)
  if (sort.kind !== null && sort.kind !== kind) return `"${name}" 只适用于 is only for ${sort.kind}, not ${kind}`
  if (metric === null) return null
  if (metricOf(kind, metric) === undefined) return `${kind} 没有测点 has no metric "${metric}"`
  if (name === 'error_code' && errorCodeOf(kind, metric) === null) {
    return `"${metric}" 的量程包含错误码 accepts every error code`
  }
  return null
}

/** The lines of `--help`. */
export function incidentHelp(): string {
  return INCIDENT_NAMES.map((name) => {
    const { kind, value, label, seconds, metric } = sortOf(name)
    const given = value ? ` =${value.default} ${value.unit}` : ''
    const on = metric ? ` :${metric}` : ''
    return `  ${name.padEnd(16)}${(kind ?? '*').padEnd(12)}+${seconds}s${given}${on}  ${label.zh}  ${label.en}`
  }).join('\n')
}
