// The fake hub's HTTP routes for how people sign in, for the audit, and for personal data.
import type { FastifyInstance } from 'fastify'
import type { AuditRow } from '../../../contract/http/audit.ts'
import type { FoundPerson, PersonPackage } from '../../../contract/http/privacy.ts'
import type { Handover, SecondFactorState, SignedInSession } from '../../../contract/http/sign-in.ts'
import { adminOf, pageFor, userOf } from './fake-call.ts'
import type { FakeHub } from './fake-hub.ts'

const HOUR = 3_600_000
const ROWS = 60

export function addPeopleApi(app: FastifyInstance, hub: FakeHub): void {
  const sessions = (own: boolean): { items: SignedInSession[] } => ({
    items: [0, 1].map((index) => ({
      id: `session-${index}`,
      startedAt: Date.now() - (index + 1) * HOUR,
      lastSeenAt: Date.now() - index * HOUR,
      endsAt: Date.now() + 24 * HOUR,
      address: index === 0 ? '10.20.30.40' : '2001:db8:1234:5678:9abc:def0:1234:5678',
      browser: index === 0 ? 'Chrome 142 · Windows' : 'Huawei Browser 15 · HarmonyOS',
      current: own && index === 0,
    })),
  })
  const auditRow = (seq: number): AuditRow => {
    const person = hub.users[seq % hub.users.length]
    const about = hub.users[(seq + 1) % hub.users.length]
    const ofPerson = seq % 3 !== 0
    return {
      seq,
      at: Date.now() - (ROWS - seq) * HOUR,
      actorId: person?.id ?? 'hub',
      actorName: person?.name ?? null,
      address: '2001:db8:1234:5678:9abc:def0:1234:5678',
      action: ['user.updated', 'session.begun', 'device.updated'][seq % 3] as string,
      subject: ofPerson ? `user:${about?.id}` : 'device:electricity-00001',
      subjectName: ofPerson ? (about?.name ?? null) : null,
      fields: ['name', 'role', 'sites', 'areas'],
      hash: seq.toString(16).padStart(64, '0'),
    }
  }

  app.get('/api/v1/second-factor', (request) => {
    userOf(hub, request)
    return { since: Date.now() - 72 * HOUR, recoveryCodesLeft: 2 } satisfies SecondFactorState
  })
  app.get('/api/v1/sessions', (request) => {
    userOf(hub, request)
    return sessions(true)
  })
  app.get('/api/v1/users/:id/sessions', (request) => {
    adminOf(hub, request)
    return sessions(false)
  })
  app.get('/api/v1/users/:id/handover', (request) => {
    adminOf(hub, request)
    const successors = hub.users.map(({ id, username, name }) => ({ id, username, name }))
    return { sites: 12, areas: 2, leases: 31, sessions: 2, tokens: 1, successors } satisfies Handover
  })
  app.get('/api/v1/audit', (request) => {
    adminOf(hub, request)
    return pageFor(
      Array.from({ length: ROWS }, (_, index) => auditRow(ROWS - index)),
      request,
    )
  })
  app.get('/api/v1/privacy/people', (request) => {
    adminOf(hub, request)
    const items: FoundPerson[] = [
      { ref: 'user:u1', type: 'user', name: '周晓岚', about: 'duty', kept: 'still_signs_in' },
      { ref: 'lease:l1', type: 'lease', name: '租客甲', about: '槐荫 12 号 205', kept: null },
    ]
    return { items, next: null, total: items.length }
  })
  app.get('/api/v1/privacy/person', (request): PersonPackage => {
    adminOf(hub, request)
    const row = { id: 'l1', tenant_name: '租客甲', tenant_phone: '138-0000-0020', moved_in_at: Date.now() }
    return { ref: 'lease:l1', at: Date.now(), sections: [{ name: 'lease', rows: [row] }] }
  })
  app.get('/api/v1/audit/verify', (request) => {
    adminOf(hub, request)
    return { ok: true, rows: ROWS, head: '5'.repeat(64) }
  })
}
