// What the schemas of all routes share.
import * as z from 'zod'
import { errorBodySchema } from '../../../contract/errors.ts'

export const idParams = z.object({ id: z.string().min(1).max(128) })

/** The answers every route may give beside its own. */
export const errors = { '4xx': errorBodySchema, '5xx': errorBodySchema } as const

export const NOTHING = z.undefined().describe('No content')
