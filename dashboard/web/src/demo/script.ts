// The story as the page tells it. Pure.
import type { DemoStage } from '../../../../contract/http/demo.ts'

export type Line = DemoStage['lines'][number]
export type When = 'over' | 'now' | 'coming'

/** The newest line whose time has come; null before the first. */
export const lineNow = ({ lines, second }: Pick<DemoStage, 'lines' | 'second'>): Line | null =>
  second === null ? null : (lines.findLast(({ at }) => at <= second) ?? null)

export function whenOf(line: Line, stage: Pick<DemoStage, 'lines' | 'second'>): When {
  const now = lineNow(stage)
  if (now === null || line.at > now.at) return 'coming'
  return line.at === now.at ? 'now' : 'over'
}

/** As a sentence of its own begins; Chinese has no capitals. */
export const begun = (text: string): string => text.replace(/^\p{Ll}/u, (first) => first.toUpperCase())

/** `5:30` */
export const storyTime = (second: number): string => {
  const whole = Math.max(0, Math.floor(second))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
