// Alarms and the human acts on them. An act is submitted, never written here: the engine decides it (one writer).
import type * as z from 'zod'
import { actBodySchemas, alarmSchema, transitionSchema } from '../../../contract/alarms.ts'
import type { Act, ActName, ActRefusal } from '../../../contract/alarms.ts'
import { alarmDetailSchema, alarmListQuerySchema } from '../../../contract/http/alarms.ts'
import type { AlarmDetail } from '../../../contract/http/alarms.ts'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { disclosedContactsSchema } from '../../../contract/http/places.ts'
import type { ErrorCode } from '../../../contract/errors.ts'
import { role } from '../access.ts'
import { roleMay, rowOf } from '../../../contract/roles.ts'
import type { AckLevel, Permission } from '../../../contract/role-names.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import type { Principal } from '../auth/principal.ts'
import { Disclosures } from '../contacts.ts'
import { ApiError } from '../errors.ts'
import { errors, idParams } from './answers.ts'

const REFUSALS = {
  not_found: ['not_found', '没有这条报警。 There is no such alarm.'],
  stale: ['stale', '报警已有变化，请查看最新状态后再操作。 The alarm has changed since; look at it before you act.'],
  closed: ['refused', '报警已关闭。 The alarm is closed.'],
  already_acknowledged: ['refused', '已有人接警。 Someone has acknowledged it already.'],
  not_latched: ['refused', '报警未锁定，无需复位。 It is not latched; there is nothing to reset.'],
  still_active: ['refused', '危险尚未解除，不能复位。 The condition still holds; it cannot be reset.'],
  unacknowledged: ['refused', '请先接警。 Acknowledge it first.'],
  not_frozen: ['refused', '仅冻结的报警可以现场核实关闭。 Only a frozen alarm is closed by verification on site.'],
} as const satisfies Record<ActRefusal, readonly [ErrorCode, string]>

type Body<N extends ActName> = z.infer<(typeof actBodySchemas)[N]>

/** What of an act its body says; the rest is which alarm and who. */
type Words<N extends ActName> = Omit<Extract<Act, { name: N }>, 'alarmId' | 'by'>

/** What each act may be done by and what its body says. */
const ACTS: {
  [N in ActName]: { summary: string; may: Permission; read: (body: Body<N>, level: AckLevel) => Words<N> }
} = {
  ack: {
    summary: '接警。 Acknowledges the alarm.',
    may: 'alarms:ack',
    read: ({ seq, reason, comment }, level) => ({
      name: 'ack',
      level,
      seq,
      reason: reason ?? null,
      comment: comment ?? null,
    }),
  },
  reset: {
    summary: '复位锁定的报警。 Resets a latched alarm.',
    may: 'alarms:reset',
    read: ({ seq, comment }) => ({ name: 'reset', seq, reason: null, comment: comment ?? null }),
  },
  comment: {
    summary: '备注。 Comments on the alarm.',
    may: 'alarms:comment',
    read: ({ text }) => ({ name: 'comment', seq: null, reason: null, comment: text }),
  },
  verdict: {
    summary: '核实结论。 Says what the alarm turned out to be.',
    may: 'alarms:verdict',
    read: ({ seq, verdict, cause, comment }) => ({
      name: 'verdict',
      seq,
      verdict,
      cause: cause ?? null,
      reason: null,
      comment: comment ?? null,
    }),
  },
  field_verified: {
    summary: '现场核实后关闭冻结的报警。 Closes a frozen alarm that was verified on site.',
    may: 'alarms:field_verified',
    read: ({ seq, reason }) => ({ name: 'field_verified', seq, reason, comment: null }),
  },
}

export function alarmRoutes(app: App, { ports, options, now, memory }: Context): void {
  const { alarms, audit } = ports.records
  const disclosures = new Disclosures(audit, memory, now, options.log)
  const tags = ['alarms']

  app.get(
    `${API_ROOT}/alarms`,
    {
      config: { access: role('alarms:read', 'filtered') },
      schema: {
        summary: '按条件列出报警。 Lists alarms that meet the conditions.',
        querystring: alarmListQuerySchema,
        response: { 200: pageOf(alarmSchema), ...errors },
        tags,
      },
    },
    (request) => alarms.list(principalOf(request).scope, request.query),
  )

  app.get(
    `${API_ROOT}/alarms/:id`,
    {
      config: { access: role('alarms:read', 'alarm') },
      schema: {
        summary: '一条报警及其全部转换。 One alarm with all its transitions.',
        params: idParams,
        response: { 200: alarmDetailSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const alarm = await disclosures.alarmFor(principal, request.from.address, subjectOf(request, 'alarm'))
      return { ...alarm, ...(await whereIn(principal, alarm)) }
    },
  )

  app.post(
    `${API_ROOT}/alarms/:id/contacts`,
    {
      config: { access: role('contacts:ask', 'alarm') },
      schema: {
        summary:
          '显示这条报警的联系人号码，并记入审计。 Shows the phone numbers of the alarm’s contacts, and is audited.',
        description: '显示号码: the telephone numbers of the place, audited each time.',
        params: idParams,
        response: { 200: disclosedContactsSchema, ...errors },
        tags,
      },
    },
    async (request) => ({
      contacts: await disclosures.asked(principalOf(request), request.from.address, subjectOf(request, 'alarm')),
    }),
  )

  for (const name of Object.keys(ACTS) as ActName[]) addAct(name)

  /** The room, and who lives there now: nobody's neighbour, and nobody who has moved out. */
  async function whereIn(
    { role: viewer }: Principal,
    alarm: AlarmDetail,
  ): Promise<Pick<AlarmDetail, 'room' | 'tenant'>> {
    const found = roleMay(viewer, 'rooms:read') ? await ports.records.leases.roomOfAlarm(alarm) : null
    if (found === null) return {}
    const { room, lease } = found
    if (lease === null || !roleMay(viewer, 'leases:read')) return { room }
    return { room, tenant: { ...lease.tenant, leaseId: lease.id } }
  }

  function addAct<N extends ActName>(name: N): void {
    const act = ACTS[name]
    app.post(
      `${API_ROOT}/alarms/:id/${name}`,
      {
        config: { access: role(act.may, 'alarm') },
        schema: {
          summary: act.summary,
          params: idParams,
          body: actBodySchemas[name].strict(),
          response: { 200: transitionSchema, ...errors },
          tags,
        },
      },
      async (request) => {
        const { userId, name: by, role: byRole } = principalOf(request)
        const words = act.read(request.body as Body<N>, rowOf(byRole).ackLevel)
        const asked = { ...words, alarmId: request.params.id, by: { id: userId, name: by } } as Act
        const outcome = await ports.acts.submit(asked, request.from.address)
        if (outcome.ok) return outcome.transition
        const [code, message] = REFUSALS[outcome.refusal]
        throw new ApiError(code, { reason: outcome.refusal }, message)
      },
    )
  }
}
