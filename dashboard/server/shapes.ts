// The shapes that have a name of their own in the API's description; all others are written out where they are used.
import * as z from 'zod'
import { ackSchema, alarmSchema, personSchema, suppressionSchema, transitionSchema } from '../../contract/alarms.ts'
import { errorBodySchema } from '../../contract/errors.ts'
import { alarmDetailSchema } from '../../contract/http/alarms.ts'
import { auditRowSchema } from '../../contract/http/audit.ts'
import { attributesSchema, deviceSchema, deviceTokenSchema, rejectionSchema } from '../../contract/http/devices.ts'
import { stepSchema } from '../../contract/http/first-steps.ts'
import { meSchema, scopeViewSchema, tokenSchema, userSchema } from '../../contract/http/people.ts'
import { areaSchema, contactSchema, countedAreaSchema, shownContactSchema } from '../../contract/http/places.ts'
import { inspectionSchema } from '../../contract/http/inspections.ts'
import { handoverSchema, signedInSessionSchema } from '../../contract/http/sign-in.ts'
import { siteSchema } from '../../contract/http/sites.ts'
import { versionedRuleSchema } from '../../contract/http/rules.ts'
import { bilingualSchema, eventMatchSchema, levelSchema, limitSchema, provenanceSchema } from '../../contract/rules.ts'

export const SHAPES = z.registry<{ id: string }>()

for (const [id, schema] of Object.entries({
  Alarm: alarmSchema,
  AlarmDetail: alarmDetailSchema,
  Transition: transitionSchema,
  Person: personSchema,
  Acknowledgement: ackSchema,
  Suppression: suppressionSchema,
  Error: errorBodySchema,
  AuditRow: auditRowSchema,
  Attributes: attributesSchema,
  Device: deviceSchema,
  DeviceToken: deviceTokenSchema,
  Rejection: rejectionSchema,
  FirstStep: stepSchema,
  Me: meSchema,
  Scope: scopeViewSchema,
  Token: tokenSchema,
  User: userSchema,
  SignedInSession: signedInSessionSchema,
  Handover: handoverSchema,
  Area: areaSchema,
  CountedArea: countedAreaSchema,
  Contact: contactSchema,
  ShownContact: shownContactSchema,
  Site: siteSchema,
  Inspection: inspectionSchema,
  Rule: versionedRuleSchema,
  Bilingual: bilingualSchema,
  EventMatch: eventMatchSchema,
  Level: levelSchema,
  Limit: limitSchema,
  Provenance: provenanceSchema,
}))
  SHAPES.add(schema, { id })
