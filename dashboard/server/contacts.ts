// Who is given people's telephone numbers (GB/T 35273: no more than the task needs). Masked unless the viewer looks after the
// place or the register; whole for a duty officer while a life may depend on the call; and every giving is audited (G8).
import type { Alarm } from '../../contract/alarms.ts'
import type { AlarmDetail } from '../../contract/http/alarms.ts'
import type { Contact, ShownContact } from '../../contract/http/places.ts'
import type { Site } from '../../contract/http/sites.ts'
import { roleMay } from '../../contract/roles.ts'
import { maskedPhone } from '../../records/masking.ts'
import type { GuardMemory, Moments } from './auth/guard-memory.ts'
import { actorOf } from './auth/principal.ts'
import type { Principal } from './auth/principal.ts'
import type { LogSink } from './options.ts'
import type { Records } from './ports.ts'

function masked(contact: ShownContact): ShownContact {
  const phone = maskedPhone(contact.phone)
  return phone.includes('*') ? { ...contact, phone, masked: true } : contact
}

export const siteFor = ({ role }: Principal, site: Site): Site =>
  roleMay(role, 'contacts:read')
    ? site
    : { ...site, contacts: site.contacts.map(masked), responsible: site.responsible && masked(site.responsible) }

/** Somebody may be in danger now: the number is one touch away and no question is asked first. */
const isUrgent = ({ closedAt, priority }: Pick<Alarm, 'closedAt' | 'priority'>): boolean =>
  closedAt === null && priority <= 2

/** An officer who opens an alarm again within a shift is not a second disclosure, ms. */
const ONE_DISCLOSURE_MS = 8 * 3_600_000

export class Disclosures {
  readonly #audit: Pick<Records['audit'], 'record'>
  readonly #now: () => number
  readonly #log: LogSink
  /** By user, alarm and numbers. One that is forgotten is audited once more. */
  readonly #given: Moments

  constructor(audit: Pick<Records['audit'], 'record'>, memory: GuardMemory, now: () => number, log: LogSink) {
    this.#audit = audit
    this.#given = memory.moments('numbers given', ONE_DISCLOSURE_MS)
    this.#now = now
    this.#log = log
  }

  /** The alarm as this viewer may see it. Resolves after the audit of what it discloses. */
  async alarmFor(principal: Principal, address: string, alarm: AlarmDetail): Promise<AlarmDetail> {
    const { contacts } = alarm
    if (contacts.length === 0 || roleMay(principal.role, 'contacts:read')) return alarm
    if (!isUrgent(alarm) || !roleMay(principal.role, 'contacts:ask'))
      return { ...alarm, contacts: contacts.map(masked) }
    const key = JSON.stringify([principal.userId, alarm.id, contacts.map(({ phone }) => phone)])
    const before = await this.#given.at(key)
    const now = this.#now()
    if (before === null || now - before >= ONE_DISCLOSURE_MS || now < before) {
      await this.#given.note(key, now)
      try {
        await this.#record(principal, address, 'alarm.contacts_disclosed', alarm)
      } catch (error) {
        // A ledger that cannot be written must not keep the number from who has to call.
        await this.#given.forget(key)
        const who = { userId: principal.userId, alarmId: alarm.id, at: now }
        this.#log.error({ err: error, ...who }, 'contacts were disclosed, and the audit trail could not be written')
      }
    }
    return alarm
  }

  /** 显示号码: the person asks, whatever the alarm is. Each asking is audited before it is answered. */
  async asked(principal: Principal, address: string, alarm: AlarmDetail): Promise<Contact[]> {
    if (alarm.contacts.length > 0) await this.#record(principal, address, 'alarm.contacts_asked', alarm)
    return alarm.contacts.map(({ name, phone, role }) => ({ name, phone, ...(role === undefined ? {} : { role }) }))
  }

  /** Which contacts, by their place in the site's list: the trail holds no personal value. */
  #record(principal: Principal, address: string, action: string, { id, siteId, contacts }: AlarmDetail): Promise<void> {
    const fields = contacts.map((_contact, index) => `site:${siteId ?? ''}/contacts/${index}/phone`)
    return this.#audit.record(actorOf(principal, address), action, `alarm:${id}`, fields)
  }
}
