// What is marked on a chart beside its curve. Each kind has a shape of its own and a word: none is told by colour. Pure.
import type { AlarmDetail } from '../../../../contract/http/alarms.ts'
import type { Rejection } from '../../../../contract/http/devices.ts'
import type { Point } from './aligned.ts'

export const MARK_KINDS = ['transition', 'act', 'late', 'suspect', 'rejected'] as const
export type MarkKind = (typeof MARK_KINDS)[number]

/** Drawn around (0, 0), about 10 wide; the same path on the canvas and in the legend. */
export const SHAPES = {
  transition: { path: 'M-5-4H5L0 5Z', filled: true },
  act: { path: 'M-1.5-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5V-1.5H-1.5Z', filled: true },
  late: { path: 'M4.5 0A4.5 4.5 0 1 1-4.5 0A4.5 4.5 0 1 1 4.5 0Z', filled: false },
  suspect: { path: 'M-4-4L4 4M4-4L-4 4', filled: false },
  rejected: { path: 'M-4-4H4V4H-4ZM-4 4L4-4', filled: false },
} as const satisfies Record<MarkKind, { readonly path: string; readonly filled: boolean }>

/** Something that happened at an instant: a step of the alarm, what a person did, what was refused. */
export interface Mark {
  readonly t: number
  readonly kind: Exclude<MarkKind, 'late' | 'suspect'>
  readonly label: string
}

/** A point of the curve that is not like the others, and how many samples of its bucket are so. */
export interface MarkedPoint {
  readonly t: number
  readonly value: number
  readonly kind: Extract<MarkKind, 'late' | 'suspect'>
  readonly count: number
}

export const markedPoints = (points: readonly Point[]): MarkedPoint[] =>
  points.flatMap(({ t, mean, late = 0, suspect = 0 }) => [
    ...(late > 0 ? [{ t, value: mean, kind: 'late', count: late } as const] : []),
    ...(suspect > 0 ? [{ t, value: mean, kind: 'suspect', count: suspect } as const] : []),
  ])

type Step = AlarmDetail['transitions'][number]

/** What a person did stands at the instant it was done, what a sample caused at the sample's. */
export const stepMarks = (steps: readonly Step[], wordOf: (step: Step) => string): Mark[] =>
  steps.map((step) =>
    step.by === null
      ? { t: step.sampleTs ?? step.at, kind: 'transition', label: wordOf(step) }
      : { t: step.at, kind: 'act', label: `${wordOf(step)} ${step.by.name}` },
  )

/**
 * Of the kept samples of what was refused, those that concern one of `metrics` within [from, to): they name it, or nothing
 * of the message could be read at all.
 */
export function rejectionMarks(
  rejections: readonly Rejection[],
  metrics: readonly string[],
  [from, to]: readonly [number, number],
  wordOf: (reason: Rejection['reason']) => string,
): Mark[] {
  const named = (detail: string) => detail.split(', ').some((one) => metrics.includes(one))
  return rejections
    .filter(({ at, topic }) => at >= from && at < to && topic.endsWith('readings'))
    .filter(({ reason, detail }) => UNREADABLE.has(reason) || named(detail))
    .map(({ at, reason }) => ({ t: at, kind: 'rejected', label: wordOf(reason) }))
}

const UNREADABLE: ReadonlySet<Rejection['reason']> = new Set([
  'too_large',
  'not_utf8',
  'not_json',
  'too_deep',
  'wrong_shape',
  'too_many_items',
  'no_values',
  'overload_qos0',
] as const)
