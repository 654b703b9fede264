// Alarm stories: what a device says in compact notation, and every transition it must cause.
//
//   steps    one a line: `time  what happens`. Times are m:ss, h:mm:ss or 2d (since the story began); `a..b/s` repeats every s seconds.
//     gas_lel=3 co_ppm=0      a reading            @1:30 at its end: measured then (else: at once)
//     bad gas_lel             a value of that metric came and was rejected
//     !gas_high value=30      an event with data
//     online | goodbye | will | connected | disconnected
//     rejected 3 | clock+400  (seconds ahead)
//     ack | reset | verify | comment [signal]      by the duty officer, on the newest open alarm or that of a signal
//     town_ack [signal]       by the town's duty officer
//     verdict false [signal]  what it was
//     shelve 30:00 | shelve once | unshelve | suppress | unsuppress | out_of_service | back_in_service [signal]
//     retire | replace | stop | start | again      `again`: the hub gets the last message once more
//     start known            … and it is known how long the hub was deaf
//     hub no_desk on | hub no_desk off
//     rules {"…"}             attributes of the device change
//     regime suspended        what the site of the device is under from now on
//     meter: !arc_fault       what one of the devices of a site does (`siteStory`); its transitions begin with its name
//     end                     nothing; time passes until then
//   expect   every transition, one a line: `time type reason signal level priority condition`, then, where they differ from
//            none: acked, town_acked, the verdict, the suppression, ×occurrences. A refused act: `time refused word`.
//
// Timers fire when they are due, as the pipeline fires them. Every state passes through JSON.
import { expect, it } from 'vitest'
import type { Act, ActName, Verdict } from '../../contract/alarms.ts'
import type { AckLevel } from '../../contract/role-names.ts'
import type { Attributes } from '../../contract/http/devices.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import { defaultRulesFor, HUB_RULES } from '../../contract/kinds/table.ts'
import type { Rule, VersionedRule } from '../../contract/rules.ts'
import type { Regime } from '../../contract/site-profile.ts'
import { compileRules } from '../../ingest/alarms/compile.ts'
import { corroborate } from '../../ingest/alarms/corroboration.ts'
import type { Witness } from '../../ingest/alarms/corroboration.ts'
import { decide, decideSuppression, nextDeadline } from '../../ingest/alarms/engine.ts'
import { initialState, openAlarms, parseState } from '../../ingest/alarms/state.ts'
import type {
  AlarmCore,
  CompiledRules,
  DeviceProfile,
  DeviceState,
  EngineTransition,
  Input,
  SuppressionInput,
} from '../../ingest/alarms/types.ts'

export interface Story {
  readonly kind: KindName
  readonly attributes?: Attributes
  /** Default: in service since the story began. */
  readonly lifecycle?: 'registered' | 'in_service'
  readonly rules?: readonly Rule[]
  readonly steps: string
  readonly expect: string
}

/** One test; `sentence` says what happens to whom. */
export function story(sentence: string, it_: Story): void {
  it(sentence, () => {
    expect(tellStory(it_)).toEqual(lines(it_.expect))
  })
}

export interface SiteStory {
  /** By the name that the story calls them. */
  readonly devices: Readonly<Record<string, { readonly kind: KindName; readonly attributes?: Attributes }>>
  readonly steps: string
  readonly expect: string
}

/** One test about several devices at one site. */
export function siteStory(sentence: string, it_: SiteStory): void {
  it(sentence, () => {
    expect(tellSiteStory(it_)).toEqual(lines(it_.expect))
  })
}

export const EPOCH = 1_795_000_000_000
const DUTY = { id: 'u1', name: '值班员' }
const TOWN = { id: 't1', name: '沈青' }

export const versioned = (rules: readonly Rule[], kind: KindName, version = 1): VersionedRule[] =>
  rules.map((rule) => Object.assign({}, rule, { kind, version }))

export const rulesFor = (kind: KindName): VersionedRule[] => versioned([...defaultRulesFor(kind), ...HUB_RULES], kind)

export function profileOf(
  kind: KindName,
  attributes: Attributes = {},
  lifecycle: DeviceProfile['lifecycle'] = 'in_service',
) {
  return { uid: 'd7', deviceId: 'dev-1', kind, attributes, lifecycle, gatewayId: null, inServiceSince: null } as const
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '')

/** Every transition of a story in its notation. */
export function tellStory({ kind, attributes = {}, lifecycle = 'in_service', rules, steps }: Story): string[] {
  const teller = new Teller(profileOf(kind, attributes, lifecycle), rules ? versioned(rules, kind) : rulesFor(kind))
  for (const line of lines(steps)) {
    const [when = '', ...words] = line.split(' ')
    for (const at of times(when)) teller.step(at, words)
  }
  return teller.told
}

export function tellSiteStory({ devices, steps }: SiteStory): string[] {
  const told: string[] = []
  const tellers = new Map<string, Teller>()
  // What a decision on one device makes of the others, as the pipeline asks for it.
  const compare = (at: number): void => {
    const site = [...tellers.values()].map((teller) => teller.witness)
    for (const teller of tellers.values()) {
      for (const input of corroborate(teller.witness, site)) teller.hear(at, input)
    }
  }
  for (const [name, { kind, attributes = {} }] of Object.entries(devices)) {
    const profile = { ...profileOf(kind, attributes), uid: name, deviceId: name }
    tellers.set(name, new Teller(profile, rulesFor(kind), { told, prefix: `${name}: `, decided: compare }))
  }
  for (const line of lines(steps)) {
    const [when = '', who = '', ...words] = line.split(' ')
    for (const at of times(when)) {
      for (const teller of tellers.values()) teller.passTime(at)
      if (who === 'end') continue
      const teller = tellers.get(who.slice(0, -1))
      if (!teller) throw new Error(`nobody at the site is called ${who}`)
      teller.step(at, words)
    }
  }
  return told
}

interface Telling {
  readonly told: string[]
  readonly prefix: string
  /** After each decision, but those that follow from another device. */
  readonly decided: (at: number) => void
}

class Teller {
  readonly told: string[]
  private readonly prefix: string
  private readonly decided: (at: number) => void
  private readonly rules: VersionedRule[]
  private profile: DeviceProfile
  private compiled: CompiledRules
  private state: DeviceState
  private running = true
  private stoppedAt = 0
  private position = 0
  private last: Extract<Input, { position: number }> | null = null
  /** ms since the story began. */
  private time = 0

  constructor(profile: DeviceProfile, rules: VersionedRule[], telling?: Telling) {
    this.told = telling?.told ?? []
    this.prefix = telling?.prefix ?? ''
    this.decided = telling?.decided ?? (() => undefined)
    this.profile = profile
    this.rules = rules
    this.compiled = compileRules(profile, rules)
    this.state = initialState(profile, EPOCH)
  }

  step(at: number, words: readonly string[]): void {
    this.passTime(at)
    this.time = at
    const [word = ''] = words
    if (word === 'stop') this.stop(at)
    else if (word === 'start') this.start(at, words[1] === 'known')
    else if (word === 'rules') this.change(JSON.parse(words.slice(1).join(' ')) as Attributes)
    else if (word === 'regime') this.regime(at, words[1] as Regime)
    else if (word === 'again' && this.last) this.again(at)
    else if (word !== 'end') this.take(at, words)
    this.state = parseState(JSON.stringify(this.state))
  }

  get witness(): Witness {
    return { rules: this.compiled, state: this.state }
  }

  passTime(until: number): void {
    for (let i = 0; this.running && i < 10_000; i++) {
      const due = nextDeadline(this.compiled, this.state)
      if (due === null || due > EPOCH + until) return
      const at = Math.max(due - EPOCH, this.time)
      this.hear(at, { type: 'tick' })
      expect(nextDeadline(this.compiled, this.state) ?? Infinity, 'a tick ends what it was due for').toBeGreaterThan(
        due,
      )
    }
  }

  private stop(at: number): void {
    this.running = false
    this.stoppedAt = at
  }

  private start(at: number, known: boolean): void {
    this.running = true
    this.time = at
    this.hear(at, known ? { type: 'resumed', away: at - this.stoppedAt } : { type: 'resumed' })
    this.passTime(at)
  }

  private change(attributes: Attributes): void {
    this.profile = { ...this.profile, attributes }
    this.compiled = compileRules(this.profile, this.rules)
  }

  /** The registry tells a device of its site with a tick. */
  private regime(at: number, siteRegime: Regime): void {
    this.profile = { ...this.profile, siteRegime }
    this.compiled = compileRules(this.profile, this.rules)
    this.hear(at, { type: 'tick' })
  }

  private again(at: number): void {
    if (!this.last) return
    const input =
      'position' in this.last ? { ...this.last, position: ++this.position, receivedAt: EPOCH + at } : this.last
    this.hear(at, input)
  }

  private take(at: number, words: readonly string[]): void {
    const suppression = this.suppression(at, words)
    if (suppression) {
      const { state, transitions, refusal } = decideSuppression(this.compiled, this.state, suppression, EPOCH + at)
      this.note(at, transitions, refusal)
      this.state = state
      return
    }
    const input = this.input(at, words)
    if ('position' in input) this.last = input
    this.hear(at, input)
  }

  hear(at: number, input: Input): void {
    this.time = at
    const before = JSON.stringify(this.state)
    const { state, transitions, refusal } = decide(this.compiled, this.state, input, EPOCH + at)
    expect(JSON.stringify(this.state), 'the state decided from is left as it was').toBe(before)
    this.note(at, transitions, refusal)
    this.state = state
    if (input.type !== 'corroborated') this.decided(at)
  }

  private note(at: number, transitions: readonly EngineTransition[], refusal: string | null): void {
    for (const t of transitions) this.tell(at, `${t.type} ${t.reason} ${describe(t.alarm)}`)
    if (refusal) this.tell(at, `refused ${refusal}`)
  }

  private tell(at: number, what: string): void {
    this.told.push(`${clock(at)} ${this.prefix}${what}`)
  }

  private input(at: number, words: readonly string[]): Input {
    const [word = '', ...rest] = words
    const measured = words.find((w) => w.startsWith('@'))
    const ts = EPOCH + (measured ? instant(measured.slice(1)) : at)
    const stored = { position: ++this.position, ts, receivedAt: EPOCH + at, quality: 'device' } as const
    const data = words.filter((w) => w.includes('=')).map((w) => w.split('=') as [string, string])
    if (word.startsWith('!')) {
      return {
        ...stored,
        type: 'event',
        name: word.slice(1),
        data: Object.fromEntries(data.map(([k, v]) => [k, datum(v)])),
      }
    }
    if (word.startsWith('clock+')) return { type: 'clock_ahead', by: Number(word.slice(6)) * 1000 }
    switch (word) {
      case 'bad':
        return { ...stored, type: 'reading', values: {}, badMetrics: rest.filter((w) => !w.startsWith('@')) }
      case 'online':
      case 'goodbye':
      case 'will':
        return { ...stored, type: 'status', online: word === 'online', will: word === 'will' }
      case 'connected':
      case 'disconnected':
        return { type: 'connection', connected: word === 'connected' }
      case 'rejected':
        return { type: 'rejected', count: Number(rest[0]) }
      case 'town_ack':
        return { type: 'act', act: this.act('ack', rest[0], 'real', 'town') }
      case 'ack':
      case 'reset':
      case 'verify':
      case 'comment':
        return { type: 'act', act: this.act(word === 'verify' ? 'field_verified' : word, rest[0]) }
      case 'verdict':
        return { type: 'act', act: this.act('verdict', rest[1], rest[0] as Verdict) }
      case 'retire':
        return { type: 'lifecycle', to: 'retired' }
      case 'replace':
        return { type: 'replaced' }
      case 'hub':
        return { type: 'hub', ruleId: `hub.${rest[0]}`, channel: '', active: rest[1] === 'on', value: null }
    }
    if (data.length === 0) throw new Error(`a story cannot say: ${words.join(' ')}`)
    return { ...stored, type: 'reading', values: Object.fromEntries(data.map(([k, v]) => [k, Number(v)])) }
  }

  private act(name: ActName, signal: string | undefined, verdict: Verdict = 'real', level: AckLevel = 'county'): Act {
    const reason = name === 'field_verified' ? '现场已查看' : name === 'ack' ? 'seen' : null
    const comment = name === 'comment' ? '已电话联系' : null
    const answer = { alarmId: this.find(signal)?.id ?? this.lastId(), seq: null, by: DUTY, reason, comment }
    if (name === 'verdict') return { ...answer, name, verdict, cause: verdict === 'false' ? '油烟' : null }
    if (name === 'ack') return { ...answer, name, level, by: level === 'town' ? TOWN : DUTY }
    return { ...answer, name }
  }

  private find(signal: string | undefined): AlarmCore | undefined {
    return openAlarms(this.state).findLast((a) => signal === undefined || a.signal === signal)
  }

  private lastId(): string {
    return `${this.profile.uid}-${this.state.issued.toString(36)}`
  }

  private suppression(at: number, words: readonly string[]): SuppressionInput | null {
    const [word, first, second] = words
    const about = (signal: string | undefined) => {
      const alarm = this.find(signal)
      return alarm ? { ruleId: alarm.ruleId, channel: alarm.channel } : null
    }
    const reason = '检修'
    switch (word) {
      case 'shelve': {
        const until = first === 'once' ? null : EPOCH + at + instant(first ?? '')
        return { type: 'shelve', alarmId: this.find(second)?.id ?? this.lastId(), by: DUTY, reason, until }
      }
      case 'unshelve':
        return { type: 'unshelve', alarmId: this.find(first)?.id ?? this.lastId(), by: DUTY }
      case 'suppress':
        return { type: 'suppress', target: about(first), by: null, reason, until: null }
      case 'unsuppress':
        return { type: 'unsuppress', target: about(first), by: null }
      case 'out_of_service':
        return { type: 'take_out_of_service', target: null, by: DUTY, reason, until: null }
      case 'back_in_service':
        return { type: 'put_in_service', target: null, by: DUTY }
    }
    return null
  }
}

const datum = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

export function describe(a: AlarmCore): string {
  const signal = a.signal + (a.channel && `_${a.channel}`)
  return [
    `${signal} ${a.level} P${a.priority} ${a.condition}`,
    a.ack ? 'acked' : '',
    a.townAck ? 'town_acked' : '',
    a.verdict ? `${a.verdict}${a.verdictCause ? `(${a.verdictCause})` : ''}` : '',
    a.suppression?.type ?? '',
    a.occurrences > 1 ? `×${a.occurrences}` : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** `0:30`, `1:00:00`, `2d` → ms. */
function instant(text: string): number {
  const days = /^(\d+)d$/.exec(text)
  if (days) return Number(days[1]) * 86_400_000
  if (!/^\d+(:\d\d){1,2}$/.test(text)) throw new Error(`not a time of a story: ${text}`)
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000
}

function times(text: string): number[] {
  const [, from, to, every] = /^(\S+)\.\.(\S+)\/(\d+)$/.exec(text) ?? []
  if (from === undefined || to === undefined) return [instant(text)]
  const list: number[] = []
  for (let t = instant(from); t <= instant(to); t += Number(every) * 1000) list.push(t)
  return list
}

function clock(ms: number): string {
  const s = Math.round(ms / 1000)
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}
