// Questions that one person is asked.
import type { Prompt, PromptAnswer, PromptEvidence, PromptType } from '../../contract/http/prompts.ts'
import type { Actor } from '../ledger.ts'
import type { Scope } from '../scope.ts'

export interface NewPrompt {
  readonly type: PromptType
  readonly siteId: string
  readonly deviceId: string
  readonly evidence: PromptEvidence
}

/** An electricity meter that stands in a room. */
export interface RoomMeter {
  readonly deviceId: string
  readonly siteId: string
  /** What the room is let with. */
  readonly powerLimitW: number | null
}

export interface Prompts {
  metersInRooms(): Promise<RoomMeter[]>
  /**
   * Puts the question to each of them, unless the same was put to them of that device since `notSince`. Answers how many were
   * asked.
   */
  ask(userIds: readonly string[], prompt: NewPrompt, at: number, notSince: number): Promise<number>
  /** One's own, within one's scope now; what is not answered first, then the newest. */
  of(userId: string, scope: Scope): Promise<Prompt[]>
  /** null: one was not asked that. The newest answer stands. */
  answer(actor: Actor, scope: Scope, id: string, answer: PromptAnswer): Promise<Prompt | null>
}
