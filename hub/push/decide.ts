// Whether a transition is told to telephones, how urgently and for how long, as a pure function. Like the horn: what needs
// nobody, and what somebody has set aside, rings at nobody; the list shows it all the same (G5).
import type { Transition } from '../../contract/alarms.ts'
import type { PushLanguage, PushPayload } from '../../contract/http/push.ts'

export type Silence =
  /** Nothing new has begun: somebody acted, it fell, it went back. */
  | 'no_news'
  /** P4 never rings. */
  | 'advice'
  /** Set aside, or a test, drill or maintenance. */
  | 'set_aside'
  /** 22:00–06:00, and it is neither P1 nor P2. */
  | 'night'

export type PushDecision =
  | { readonly tell: true; readonly urgency: 'high' | 'normal'; readonly ttlSeconds: number }
  | { readonly tell: false; readonly because: Silence }

const HOUR = 3_600_000
const SHANGHAI_OFFSET = 8 * HOUR
const NIGHT = { from: 22, to: 6 }
/** A telephone that was off hears of a danger of the last hour, and of lesser things of the last four. */
const TTL_SECONDS = { urgent: 3_600, lesser: 4 * 3_600 } as const

/** In China, which has one zone without summer time. `at`: wall time, ms. */
export function isNight(at: number): boolean {
  const hour = Math.floor((at + SHANGHAI_OFFSET) / HOUR) % 24
  return hour >= NIGHT.from || hour < NIGHT.to
}

const isNews = ({ type, reason }: Pick<Transition, 'type' | 'reason'>): boolean =>
  type === 'raised' ||
  type === 're_raised' ||
  (type === 'level_changed' && (reason === 'level_risen' || reason === 'corroboration'))

export function decidePush(transition: Transition, at: number): PushDecision {
  const { alarm } = transition
  const silent = (because: Silence): PushDecision => ({ tell: false, because })
  if (!isNews(transition) || alarm.closedAt !== null) return silent('no_news')
  if (alarm.priority === 4) return silent('advice')
  if (alarm.suppression !== null || alarm.mode !== 'normal') return silent('set_aside')
  if (alarm.priority <= 2) return { tell: true, urgency: 'high', ttlSeconds: TTL_SECONDS.urgent }
  return isNight(at) ? silent('night') : { tell: true, urgency: 'normal', ttlSeconds: TTL_SECONDS.lesser }
}

const WORDS = {
  zh: { 1: '紧急', 2: '严重', 3: '一般', 4: '提示' },
  en: { 1: 'Critical', 2: 'Serious', 3: 'Minor', 4: 'Advice' },
} as const
const SHAPES = { 1: '■', 2: '▲', 3: '◆', 4: '●' } as const

/** Names of the place that a person on the way needs: community and house. */
const NAMES = 2

/** What a lock screen may show to whoever picks the telephone up: signal and place, and no person. */
export function payloadOf({ alarm, at }: Transition, id: string, language: PushLanguage): PushPayload {
  const { priority } = alarm
  return {
    id,
    title: `${SHAPES[priority]} ${WORDS[language][priority]} ${alarm.title[language]}`,
    body: [...alarm.place.slice(-NAMES), alarm.deviceName].join(' · '),
    alarmId: alarm.id,
    priority,
    at,
  }
}

/** Instead of alarms that are too many to be told one by one. */
export function summaryOf(count: number, id: string, language: PushLanguage, at: number): PushPayload {
  const text = {
    zh: { title: `另有 ${count} 条报警`, body: '太多，未逐条发送；请打开查看。' },
    en: { title: `${count} more alarms`, body: 'Too many to send one by one; open to see them.' },
  }[language]
  return { id, ...text, alarmId: null, priority: 2, at }
}

export function trialOf(id: string, language: PushLanguage, at: number): PushPayload {
  const text = {
    zh: { title: '试一试：通知已送到', body: '报警会像这样出现在这部手机上。' },
    en: { title: 'A trial: it has come', body: 'Alarms will appear on this phone like this.' },
  }[language]
  return { id, ...text, alarmId: null, priority: 4, at }
}
