// Commands to devices, from the request to what came of it.
import * as z from 'zod'
import { personSchema } from '../alarms.ts'
import { deviceIdSchema, idSchema, instantSchema } from '../ids.ts'

/** What a person may ask of a device; the others that a kind knows move something and are refused. Seconds where none are given. */
export const HARMLESS_COMMANDS = {
  self_test: {},
  mute: { seconds: 180 },
  locate: { seconds: 30 },
} as const satisfies Record<string, { readonly seconds?: number }>
export type HarmlessCommand = keyof typeof HARMLESS_COMMANDS
/** The event by which a device tells that it really happened; null: the kinds have none for it. */
export const EFFECT_OF = { self_test: 'self_test', mute: 'muted', locate: null } as const satisfies Record<
  HarmlessCommand,
  string | null
>

/**
 * requested: in the ledger, not on its way yet. sent: on the device's line. delivered: the device acknowledged it (PUBACK).
 * done, failed: the device answered. expired: it did not, in time.
 */
export const COMMAND_STATES = ['requested', 'sent', 'delivered', 'done', 'failed', 'expired'] as const
export const commandStateSchema = z.enum(COMMAND_STATES)
export type CommandState = z.infer<typeof commandStateSchema>

/** Why it ended as it did; one word for the log, the page and the tests. */
export const COMMAND_ENDINGS = [
  /** The device says that it is done, or that it will not. */
  'answered_ok',
  'answered_error',
  /** The device had left before it could be sent: it was never on the line. */
  'not_connected',
  /** It could not be written down in time, and was never on the line. */
  'not_sent',
  /** No PUBACK in time: the device may or may not have it, and must not execute it any more. */
  'not_delivered',
  /** The device has it and has not said what became of it. */
  'no_reply',
  /** The hub was started anew while it was under way, and nobody answered. */
  'hub_restarted',
] as const
export const commandEndingSchema = z.enum(COMMAND_ENDINGS)
export type CommandEnding = z.infer<typeof commandEndingSchema>

export const commandArgsSchema = z.record(z.string().max(64), z.union([z.number(), z.string().max(200), z.boolean()]))
export type CommandArgs = z.infer<typeof commandArgsSchema>

/** Instants are the hub's, ms; null: that has not happened. */
export const commandSchema = z.object({
  id: idSchema,
  deviceId: deviceIdSchema,
  name: z.string(),
  args: commandArgsSchema,
  state: commandStateSchema,
  requestedAt: instantSchema,
  sentAt: instantSchema.nullable(),
  deliveredAt: instantSchema.nullable(),
  repliedAt: instantSchema.nullable(),
  /** When the device's own event told that it happened: the reading back of what it answered. */
  seenAt: instantSchema.nullable(),
  endedAt: instantSchema.nullable(),
  /** From then on the device must not execute it (G7). */
  expires: instantSchema,
  by: personSchema,
  reason: z.string(),
  ending: commandEndingSchema.nullable(),
  /** As the device answered. */
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
  /** Data of the event that was seen. */
  effect: z.record(z.string(), z.unknown()).nullable(),
})
export type Command = z.infer<typeof commandSchema>

export const sendCommandSchema = z.object({
  name: z.string().min(1).max(64),
  args: commandArgsSchema.optional(),
  /** 为什么: kept with the command. */
  reason: z.string().trim().min(1).max(200),
})
export type SendCommand = z.infer<typeof sendCommandSchema>

/** `details.reason` of a command that was refused: nothing was sent, and nothing is kept for later. */
export const COMMAND_REFUSALS = [
  'unknown_command',
  'not_offered',
  'args_out_of_range',
  'retired',
  'not_authorised',
  'not_connected',
  'not_listening',
  'under_way',
  'confirm_password',
] as const
export type CommandRefusal = (typeof COMMAND_REFUSALS)[number]

/** The password once more, before a device is moved from a telephone. */
export const confirmSchema = z.object({ password: z.string().max(256) })
export const confirmedSchema = z.object({
  /** Until when commands are taken without asking again; null: for this role it is never asked. */
  until: instantSchema.nullable(),
})
