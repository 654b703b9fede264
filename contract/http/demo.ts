// The demonstration, for a hub that plays one: what its sign-in page offers, how far its story has come, what a visitor
// may make happen. An ordinary hub has none of it.
import * as z from 'zod'
import { deviceIdSchema, instantSchema } from '../ids.ts'
import { bilingualSchema } from '../rules.ts'
import { roleSchema } from '../role-names.ts'

export const DEMO_SCENES = ['gas_leak', 'leakage', 'hot_terminal', 'power_cut', 'wrong_clock', 'misfit'] as const
export const demoSceneSchema = z.enum(DEMO_SCENES)
export type DemoScene = z.infer<typeof demoSceneSchema>

/** `again`: everything is thrown away and begins anew. */
export const demoCueSchema = z.object({ cue: z.enum([...DEMO_SCENES, 'again']) })
export type DemoCue = z.infer<typeof demoCueSchema>['cue']

const count = z.number().int().min(0)

export const demoDoorSchema = z.object({
  /** Another one each time the demonstration begins anew: sessions and cursors of the last one mean nothing. */
  run: z.string(),
  /** The accounts are there. */
  ready: z.boolean(),
  accounts: z.array(
    z.object({
      username: z.string(),
      name: z.string(),
      role: roleSchema,
      title: bilingualSchema,
      /** Houses in their care; null: no such limit, or a single one. */
      houses: count.nullable(),
    }),
  ),
  /** Of every account; null where it is not given away: over a network whoever scanned the code has it. */
  password: z.string().nullable(),
})
export type DemoDoor = z.infer<typeof demoDoorSchema>

/** The account of the story's ten minutes, all of it measured. */
export const demoReckoningSchema = z.object({
  at: instantSchema,
  /** Data points, over every start of the hub: received = stored + rejected. */
  received: count,
  stored: count,
  rejected: count,
  alarms: count,
  /** Device → painted, as the browsers reported it: upper bounds of the histogram's steps, ms; null beyond its last. */
  shown: z.object({ count, p50: z.number().nullable(), p99: z.number().nullable() }),
  /** From raise to acknowledgement, ms. */
  acknowledged: z.object({ count, median: z.number().nullable(), longest: z.number().nullable() }),
  /** Readings of the story's devices that the hub had acknowledged, and those of them that it cannot show. */
  witness: z.object({ devices: count, checked: count, missing: count }),
})
export type DemoReckoning = z.infer<typeof demoReckoningSchema>

export const demoStageSchema = z.object({
  run: z.string(),
  /** Of the hub's process, for `kill -9`. */
  pid: count,
  /** Seconds of the story, world time; null before it begins. */
  second: z.number().nullable(),
  /** World seconds a second. */
  speed: z.number(),
  lines: z.array(z.object({ at: z.number().int(), hint: bilingualSchema })),
  /** The line at which the visitor sends a reading of their own, and the one with the account. */
  visitorAt: z.number().int(),
  reckoningAt: z.number().int(),
  scenes: z.array(z.object({ name: demoSceneSchema, label: bilingualSchema })),
  /** A device for the visitor to play; null: it is not registered. */
  visitor: z
    .object({ deviceId: deviceIdSchema, token: z.string(), values: z.record(z.string(), z.number()) })
    .nullable(),
  /** Addresses in the local network, each with its code as rows of 0 and 1; null: not open to it. */
  lan: z.array(z.object({ url: z.string(), code: z.array(z.string()) })).nullable(),
  reckoning: demoReckoningSchema.nullable(),
})
export type DemoStage = z.infer<typeof demoStageSchema>

/** What may be known before signing in. */
export const aboutSchema = z.object({ demo: demoDoorSchema.nullable() })
export type About = z.infer<typeof aboutSchema>
