// What becomes of a command. Pure: the command as it was, what happened, and when → the command as it is. Time only ends it;
// nothing that comes after its end changes it.
import type { Command, CommandEnding } from '../../contract/http/commands.ts'
import type { RejectionReason, ReplyPayload } from '../../contract/payloads.ts'
import { commandExpired } from './expiry.ts'

/** How long after a command's expiry the word of a device that has it is awaited, ms: it may have begun just in time. */
export const REPLY_GRACE_MS = 5_000

export type CommandInput =
  | { readonly type: 'sent' }
  /** Nobody was there to hear it any more. */
  | { readonly type: 'not_sent' }
  /** The device's PUBACK. */
  | { readonly type: 'delivered' }
  | { readonly type: 'reply'; readonly reply: ReplyPayload }
  /** The device's own event told that it happened. */
  | { readonly type: 'effect'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly type: 'tick' }

export interface CommandDecision {
  /** The same object when nothing changed. */
  readonly command: Command
  /** Why a reply was not taken. */
  readonly rejection: Extract<RejectionReason, 'repeated_reply' | 'late_reply'> | null
}

export const isOpen = ({ endedAt }: Command): boolean => endedAt === null

/** Until when a device's word on it counts, ms. */
export const deadlineOf = (command: Command): number =>
  command.deliveredAt === null ? command.expires : command.expires + REPLY_GRACE_MS

/** `interrupted`: the hub was started anew since it was sent. */
export function decideCommand(before: Command, input: CommandInput, now: number, interrupted = false): CommandDecision {
  const command = atTime(before, now, interrupted)
  switch (input.type) {
    case 'tick':
      return taken(command)
    case 'sent':
      return taken(command.state === 'requested' ? { ...command, state: 'sent', sentAt: now } : command)
    case 'not_sent':
      return taken(command.state === 'requested' ? ended(command, 'failed', 'not_connected', now) : command)
    case 'delivered':
      return taken(
        command.state === 'sent' || command.state === 'requested'
          ? { ...command, state: 'delivered', sentAt: command.sentAt ?? now, deliveredAt: now }
          : command,
      )
    case 'reply':
      return answered(command, input.reply, now)
    case 'effect':
      return taken(seesEffect(command, now) ? { ...command, seenAt: now, effect: { ...input.data } } : command)
  }
}

const taken = (command: Command): CommandDecision => ({ command, rejection: null })

/** An answer proves that the device has it, whether or not its PUBACK came. */
function answered(command: Command, reply: ReplyPayload, now: number): CommandDecision {
  if (command.repliedAt !== null) return { command, rejection: 'repeated_reply' }
  if (!isOpen(command)) return { command, rejection: 'late_reply' }
  const heard: Command = {
    ...command,
    sentAt: command.sentAt ?? now,
    deliveredAt: command.deliveredAt ?? now,
    repliedAt: now,
  }
  return taken(
    reply.ok
      ? { ...ended(heard, 'done', 'answered_ok', now), result: reply.result ?? null }
      : { ...ended(heard, 'failed', 'answered_error', now), error: reply.error.slice(0, MAX_ERROR) },
  )
}

/** Longest text kept of what a device says went wrong. */
const MAX_ERROR = 200

/** The event may come before the answer or after it. */
const seesEffect = (command: Command, now: number): boolean =>
  command.seenAt === null &&
  command.sentAt !== null &&
  (isOpen(command) || command.state === 'done') &&
  now < command.expires + REPLY_GRACE_MS

function atTime(command: Command, now: number, interrupted: boolean): Command {
  if (!isOpen(command) || !commandExpired(now, deadlineOf(command))) return command
  return ended(command, 'expired', interrupted ? 'hub_restarted' : (ENDING_OF[command.state] ?? 'no_reply'), now)
}

const ENDING_OF: Partial<Record<Command['state'], CommandEnding>> = {
  requested: 'not_sent',
  sent: 'not_delivered',
  delivered: 'no_reply',
}

const ended = (
  command: Command,
  state: 'done' | 'failed' | 'expired',
  ending: CommandEnding,
  endedAt: number,
): Command => ({ ...command, state, ending, endedAt })
