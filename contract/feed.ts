// The live feed over Socket.IO. Two tables list all that each side may say; every event is parsed on arrival.
import * as z from 'zod'
import { commandSchema } from './http/commands.ts'
import { alarmSchema, personSchema, transitionReasonSchema, transitionTypeSchema } from './alarms.ts'
import { deviceIdSchema, idSchema, instantSchema, seqSchema } from './ids.ts'

/** A hello with another protocol number makes the page reload itself. */
export const FEED_PROTOCOL = 1
/** Seconds between heartbeats. */
export const HEARTBEAT_SECONDS = 5
/** Seconds without a heartbeat after which a page must say, in red, that it is not live. */
export const DEAD_AFTER_SECONDS = 15
/** Most transitions one resume replays; a client further behind gets a snapshot. */
export const MAX_REPLAY = 5_000
/** Most devices one page may watch. */
export const MAX_WATCHED = 500
/** Seconds between `desk` reports of a page. */
export const DESK_SECONDS = 30

export const helloSchema = z.object({
  protocol: z.number().int(),
  serverTime: instantSchema,
  /** The newest sequence in this viewer's scope; 0 = before the first. */
  head: seqSchema,
  /** Changes when a backup is restored: a cursor from another ledger means nothing in this one. */
  ledger: z.string(),
  user: personSchema.extend({ role: z.string() }),
})
export type Hello = z.infer<typeof helloSchema>

/** A transition as this connection gets it. `prev` is the sequence sent to it before this one. */
export const alarmEventSchema = z.object({
  seq: seqSchema,
  prev: seqSchema,
  at: instantSchema,
  type: transitionTypeSchema,
  reason: transitionReasonSchema,
  by: personSchema.nullable(),
  comment: z.string().nullable(),
  /** When the hub received the message that caused it, for the latency figure; null if no message did. */
  receivedAt: instantSchema.nullable(),
  alarm: alarmSchema,
})
export type AlarmEvent = z.infer<typeof alarmEventSchema>

export const heartbeatSchema = z.object({
  serverTime: instantSchema,
  head: seqSchema,
  /** False while the hub cannot store: nothing is acknowledged, devices send again. Told at once, and again with each one. */
  storing: z.boolean(),
  /** True while readings wait for the store of the histories: charts end early, alarms do not wait. Absent: false. */
  readingsLate: z.boolean().optional(),
})
export type Heartbeat = z.infer<typeof heartbeatSchema>

export const liveReadingsSchema = z.array(
  z.object({ deviceId: deviceIdSchema, ts: instantSchema, values: z.record(z.string(), z.number()) }),
)
export type LiveReadings = z.infer<typeof liveReadingsSchema>

export const devicePresenceSchema = z.object({ deviceId: deviceIdSchema, online: z.boolean(), at: instantSchema })
export type DevicePresence = z.infer<typeof devicePresenceSchema>

/** A command was asked, or went on: as it is now. */
export const commandEventSchema = z.object({ deviceId: deviceIdSchema, command: commandSchema })
export type CommandEvent = z.infer<typeof commandEventSchema>

export const resumeSchema = z.object({ cursor: seqSchema.nullable() })
export const resumeReplySchema = z.discriminatedUnion('mode', [
  z.object({ ok: z.literal(true), mode: z.literal('replay'), events: z.array(alarmEventSchema), head: seqSchema }),
  z.object({ ok: z.literal(true), mode: z.literal('snapshot'), alarms: z.array(alarmSchema), head: seqSchema }),
])
export type ResumeReply = z.infer<typeof resumeReplySchema>
/** Any client event that asks for a reply may get this instead. */
export const feedRefusalSchema = z.object({ ok: z.literal(false), code: z.string(), message: z.string() })
export type FeedRefusal = z.infer<typeof feedRefusalSchema>

export const watchSchema = z.object({ deviceIds: z.array(deviceIdSchema).max(MAX_WATCHED) })
export const deskSchema = z.object({
  /** The officer has armed the horn and the sound check was passed. */
  armed: z.boolean(),
  muted: z.boolean(),
  visible: z.boolean(),
  soundCheckedAt: instantSchema.nullable(),
})
export type Desk = z.infer<typeof deskSchema>
/** What a page has opened, on change and every 5 s; null: nothing, or nobody can see the page. Forgotten if not repeated. */
export const viewingSchema = z.object({ alarmId: idSchema.nullable() })
export const VIEWING_SECONDS = 5
/** Most alarms that one `viewers` names, and most people on each. */
export const MAX_VIEWED = 200
export const MAX_VIEWERS = 20
/** Who has which alarm opened, whole each time: what is not named is looked at by nobody. At most once a second. */
export const viewersSchema = z
  .array(z.object({ alarmId: idSchema, viewers: z.array(personSchema).min(1).max(MAX_VIEWERS) }))
  .max(MAX_VIEWED)
export type Viewers = z.infer<typeof viewersSchema>
export const shownSchema = z.object({ seqs: z.array(seqSchema).min(1).max(500) })

/** Hub → page. */
export const DOWN = {
  hello: helloSchema,
  alarm: alarmEventSchema,
  heartbeat: heartbeatSchema,
  readings: liveReadingsSchema,
  device: devicePresenceSchema,
  viewers: viewersSchema,
  command: commandEventSchema,
} as const
export interface DownEvents {
  hello: (hello: Hello) => void
  alarm: (event: AlarmEvent) => void
  heartbeat: (heartbeat: Heartbeat) => void
  readings: (readings: LiveReadings) => void
  device: (presence: DevicePresence) => void
  viewers: (viewers: Viewers) => void
  command: (event: CommandEvent) => void
}

/** Page → hub. */
export const UP = {
  'feed:resume': resumeSchema,
  'readings:watch': watchSchema,
  desk: deskSchema,
  'alarm:shown': shownSchema,
  'alarm:viewing': viewingSchema,
} as const
export interface UpEvents {
  'feed:resume': (body: z.infer<typeof resumeSchema>, reply: (answer: ResumeReply | FeedRefusal) => void) => void
  'readings:watch': (body: z.infer<typeof watchSchema>) => void
  desk: (body: Desk) => void
  'alarm:shown': (body: z.infer<typeof shownSchema>) => void
  'alarm:viewing': (body: z.infer<typeof viewingSchema>) => void
}
