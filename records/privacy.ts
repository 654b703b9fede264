// What is kept of one person: found, given, erased. The audit names ids and fields, so that its chain verifies afterwards (G8).
import type { Kysely } from 'kysely'
import { numberKeyOf } from '../contract/http/privacy.ts'
import type { ErasedPerson, EraseReason, FoundPerson, PersonPackage } from '../contract/http/privacy.ts'
import type { Contact } from '../contract/http/places.ts'
import { appendAudit } from './audit.ts'
import { beginErasure, carryOnErasures, ERASED_NAME, withoutName } from './erasures.ts'
import { LedgerError } from './errors.ts'
import { personIn } from './lease-row.ts'
import type { Actor } from './ledger.ts'
import type { Privacy } from './ledger/privacy.ts'
import type { PersonalBox } from './personal-box.ts'
import { pinyinText } from './pinyin.ts'
import type { PlaceRecords } from './places.ts'
import { EVERYTHING } from './scope.ts'
import type { Store, Transacting } from './store.ts'
import type { Tables } from './tables.ts'
import { commandsBy, MOST_ROWS, packageOfUser } from './user-package.ts'
import type { Rows } from './user-package.ts'
import type { LeaseTable } from './tables/rentals.ts'
import { endCredentials } from './users.ts'

const MOST_FOUND = 100

interface SiteContacts {
  readonly siteId: string
  readonly siteName: string
  readonly contacts: readonly Contact[]
  readonly responsible: Contact | null
}

export class PrivacyRecords implements Privacy {
  readonly #store: Store
  readonly #box: PersonalBox
  readonly #places: PlaceRecords

  constructor(store: Store, box: PersonalBox, places: PlaceRecords) {
    this.#store = store
    this.#box = box
    this.#places = places
  }

  async find(actor: Actor, q: string): Promise<FoundPerson[]> {
    await this.#audited(actor, 'privacy.searched', 'people', [])
    const word = q.toLowerCase()
    const number = numberKeyOf(q)
    const meets = (name: string, phone = '') =>
      name.toLowerCase().includes(word) || (number.length >= 3 && numberKeyOf(phone).includes(number))
    const found: FoundPerson[] = []
    const users = await this.#store.read.selectFrom('app_user').selectAll().orderBy('name').execute()
    for (const { id, name, username, role, disabled } of users) {
      if (name === ERASED_NAME || !(meets(name) || username.toLowerCase().includes(word))) continue
      found.push({ ref: `user:${id}`, type: 'user', name, about: role, kept: disabled === 1 ? null : 'still_signs_in' })
    }
    for (const lease of await this.#leases()) {
      const tenant = personIn(this.#box, lease, 'tenant')
      if (tenant === null || !meets(tenant.name, tenant.phone)) continue
      const kept = lease.moved_out_at === null ? 'current_lease' : null
      const about = `${lease.site_name} ${lease.room_name}`
      found.push({ ref: `lease:${lease.id}`, type: 'lease', name: tenant.name, about, kept })
    }
    const byNumber = new Map<string, FoundPerson>()
    for (const { siteName, contacts, responsible } of await this.#contacts(this.#store.read)) {
      for (const contact of [...contacts, ...(responsible === null ? [] : [responsible])]) {
        const key = numberKeyOf(contact.phone)
        if (key.length < 3 || !meets(contact.name, contact.phone) || byNumber.has(key)) continue
        byNumber.set(key, { ref: `contact:${key}`, type: 'contact', name: contact.name, about: siteName, kept: null })
      }
    }
    return [...found, ...byNumber.values()].slice(0, MOST_FOUND)
  }

  async export(actor: Actor, ref: string): Promise<PersonPackage> {
    const { type, id } = refOf(ref)
    const sections =
      type === 'user'
        ? await packageOfUser(this.#store.read, id)
        : type === 'lease'
          ? await this.#ofLease(id)
          : await this.#ofNumber(id)
    const filled = Object.entries(sections).flatMap(([name, rows]) => (rows.length === 0 ? [] : [{ name, rows }]))
    if (filled.length === 0) throw notFound()
    await this.#audited(
      actor,
      'privacy.exported',
      subjectOf(ref),
      filled.map(({ name }) => name),
    )
    return { ref, at: this.#store.now(), sections: filled }
  }

  async erase(actor: Actor, ref: string, reason: EraseReason): Promise<ErasedPerson> {
    const { type, id } = refOf(ref)
    if (type === 'user') return this.#eraseUser(actor, id, reason)
    if (type === 'lease') return this.#eraseTenant(actor, id, reason)
    return this.#eraseNumber(actor, id, reason)
  }

  // ---- a user ----------------------------------------------------------------------------------------------------

  async #eraseUser(actor: Actor, id: string, reason: EraseReason): Promise<ErasedPerson> {
    const fields = await this.#store.write(async (trx) => {
      const user = await trx.selectFrom('app_user').selectAll().where('id', '=', id).executeTakeFirst()
      if (user === undefined || user.name === ERASED_NAME) throw notFound()
      if (user.disabled === 0) throw new LedgerError('refused', SIGNS_IN, { reason: 'still_signs_in' })
      await refuseManagerOfLeases(trx, id)
      await endCredentials(trx, id)
      for (const table of ['second_factor', 'recovery_code', 'known_browser', 'push_delivery', 'prompt'] as const)
        await trx.deleteFrom(table).where('user_id', '=', id).execute()
      await trx
        .updateTable('app_user')
        .set({
          // Unique, and nobody's: sign-in is closed by `disabled`.
          username: `erased.${id}`,
          name: ERASED_NAME,
          pinyin: pinyinText([ERASED_NAME]),
          password_hash: '',
          sites: '[]',
          areas: '[]',
        })
        .where('id', '=', id)
        .execute()
      await trx.updateTable('inspection').set({ inspector_name: ERASED_NAME }).where('inspector_id', '=', id).execute()
      await trx.updateTable('room_checklist').set({ by_name: ERASED_NAME }).where('by_id', '=', id).execute()
      for (const { id: commandId, body } of await commandsBy(trx, id))
        await trx
          .updateTable('command')
          .set({ body: withoutName(body, id) })
          .where('id', '=', commandId)
          .execute()
      await beginErasure(trx, id, this.#store.now())
      const erased = ['username', 'name', 'password', 'sites', 'areas', 'sessions', 'prompts', 'journal.name']
      await this.#audit(trx, actor, 'privacy.erased', `user:${id}`, [...erased, `reason=${reason}`])
      return erased
    })
    await carryOnErasures(this.#store)
    const files = await this.#store.read.selectFrom('file').selectAll().where('by_id', '=', id).execute()
    return { ref: `user:${id}`, fields, files: files.map(listed) }
  }

  // ---- a tenant --------------------------------------------------------------------------------------------------

  async #ofLease(id: string): Promise<Record<string, Rows>> {
    const lease = (await this.#leases()).find((one) => one.id === id)
    if (lease === undefined) return {}
    const tenant = personIn(this.#box, lease, 'tenant')
    const audit = await this.#store.read
      .selectFrom('audit')
      .select(['seq', 'at', 'actor_id', 'address', 'action', 'fields'])
      .where('subject', '=', `lease:${id}`)
      .orderBy('seq', 'desc')
      .limit(MOST_ROWS)
      .execute()
    return {
      lease: [
        {
          id,
          site: lease.site_name,
          room: lease.room_name,
          tenant_name: tenant?.name ?? null,
          tenant_phone: tenant?.phone ?? null,
          people: lease.people,
          starts: lease.starts,
          ends: lease.ends,
          moved_in_at: lease.moved_in_at,
          moved_out_at: lease.moved_out_at,
        },
      ],
      // Who looked at their number, and when.
      audit,
      files: (await this.#filesOfRoom(lease)).map(({ id: fileId, name, at }) => ({ id: fileId, name, at })),
    }
  }

  async #eraseTenant(actor: Actor, id: string, reason: EraseReason): Promise<ErasedPerson> {
    const lease = (await this.#leases()).find((one) => one.id === id)
    if (lease === undefined || lease.tenant_name === null) throw notFound()
    const fields = ['tenant.name', 'tenant.phone']
    await this.#store.write(async (trx) => {
      const now = await trx.selectFrom('lease').select('moved_out_at').where('id', '=', id).executeTakeFirstOrThrow()
      if (now.moved_out_at === null) throw new LedgerError('refused', LIVES_THERE, { reason: 'current_lease' })
      await trx.updateTable('lease').set({ tenant_name: null, tenant_phone: null }).where('id', '=', id).execute()
      await this.#audit(trx, actor, 'privacy.erased', `lease:${id}`, [...fields, `reason=${reason}`])
    })
    return { ref: `lease:${id}`, fields, files: (await this.#filesOfRoom(lease)).map(listed) }
  }

  /** What was put into the room's folder while they lived there. */
  #filesOfRoom(lease: Pick<LeaseTable, 'room_id' | 'moved_in_at' | 'moved_out_at'>) {
    let files = this.#store.read
      .selectFrom('file')
      .selectAll()
      .where('subject_type', '=', 'room')
      .where('subject_id', '=', lease.room_id)
      .where('at', '>=', lease.moved_in_at)
    if (lease.moved_out_at !== null) files = files.where('at', '<=', lease.moved_out_at)
    return files.execute()
  }

  #leases() {
    return this.#store.read
      .selectFrom('lease')
      .innerJoin('room', 'room.id', 'lease.room_id')
      .innerJoin('site', 'site.id', 'room.site_id')
      .selectAll('lease')
      .select(['room.name as room_name', 'site.name as site_name'])
      .execute()
  }

  // ---- whoever is reached under a number ---------------------------------------------------------------------------

  async #ofNumber(number: string): Promise<Record<string, Rows>> {
    const contacts = (await this.#contacts(this.#store.read)).flatMap(
      ({ siteId, siteName, contacts: all, responsible }) =>
        [...all, ...(responsible === null ? [] : [{ ...responsible, role: '责任人' }])]
          .filter(({ phone }) => numberKeyOf(phone) === number)
          .map(({ name, phone, role }) => ({ site_id: siteId, site: siteName, name, phone, role: role ?? null })),
    )
    const landlords = await this.#landlordsOf(number)
    return {
      contacts,
      landlord_of: landlords.map(({ id, site_name, room_name }) => ({ lease: id, site: site_name, room: room_name })),
    }
  }

  async #eraseNumber(actor: Actor, number: string, reason: EraseReason): Promise<ErasedPerson> {
    const sites = (await this.#contacts(this.#store.read)).filter(({ contacts, responsible }) =>
      [...contacts, ...(responsible === null ? [] : [responsible])].some(({ phone }) => numberKeyOf(phone) === number),
    )
    const landlords = await this.#landlordsOf(number)
    if (sites.length === 0 && landlords.length === 0) throw notFound()
    if (sites.some(({ responsible }) => responsible !== null && numberKeyOf(responsible.phone) === number))
      throw new LedgerError('refused', RESPONSIBLE, { reason: 'responsible' })
    if (landlords.some(({ moved_out_at: out }) => out === null))
      throw new LedgerError('refused', LETS_NOW, { reason: 'current_lease' })
    const fields = [
      ...sites.map(({ siteId }) => `site:${siteId} contacts`),
      ...landlords.map(({ id }) => `lease:${id} landlord`),
    ]
    for (const { siteId } of sites) {
      // Read anew: somebody may have changed it a moment ago.
      const site = await this.#places.site(EVERYTHING, siteId)
      const contacts = (site?.contacts ?? []).filter(({ phone }) => numberKeyOf(phone) !== number)
      await this.#places.updateSite(actor, siteId, { contacts })
    }
    await this.#store.write(async (trx) => {
      for (const { id } of landlords)
        await trx.updateTable('lease').set({ landlord_name: null, landlord_phone: null }).where('id', '=', id).execute()
      await this.#audit(trx, actor, 'privacy.erased', 'contact', [...fields, `reason=${reason}`])
    })
    return { ref: `contact:${number}`, fields, files: [] }
  }

  async #landlordsOf(number: string) {
    return (await this.#leases()).filter((lease) => {
      const landlord = personIn(this.#box, lease, 'landlord')
      return landlord !== null && numberKeyOf(landlord.phone) === number
    })
  }

  async #contacts(db: Kysely<Tables>): Promise<SiteContacts[]> {
    const rows = await db.selectFrom('site').select(['id', 'name', 'contacts', 'profile']).execute()
    return rows.map(({ id, name, contacts, profile }) => ({
      siteId: id,
      siteName: name,
      contacts: JSON.parse(contacts) as Contact[],
      responsible: (JSON.parse(profile) as { responsible?: Contact | null }).responsible ?? null,
    }))
  }

  // ---- the trail ---------------------------------------------------------------------------------------------------

  #audited(actor: Actor, action: string, subject: string, fields: readonly string[]): Promise<void> {
    return this.#store.write((trx) => this.#audit(trx, actor, action, subject, fields))
  }

  #audit(trx: Transacting, actor: Actor, action: string, subject: string, fields: readonly string[]): Promise<void> {
    return appendAudit(trx, this.#store.now(), [{ actor, action, subject, fields }])
  }
}

function refOf(ref: string): { readonly type: 'user' | 'lease' | 'contact'; readonly id: string } {
  const [type, id = ''] = ref.split(':')
  if (type !== 'user' && type !== 'lease' && type !== 'contact') throw notFound()
  return { type, id }
}

/** A number is a personal value: the audit says that it was one, not which. */
const subjectOf = (ref: string): string => (ref.startsWith('contact:') ? 'contact' : ref)

const listed = (file: {
  readonly id: string
  readonly subject_type: string
  readonly subject_id: string
  readonly name: string
}) => ({
  id: file.id,
  subject: `${file.subject_type}:${file.subject_id}`,
  name: file.name,
})

async function refuseManagerOfLeases(trx: Transacting, userId: string): Promise<void> {
  const lease = await trx
    .selectFrom('lease')
    .select('id')
    .where('manager_id', '=', userId)
    .where('moved_out_at', 'is', null)
    .executeTakeFirst()
  if (lease === undefined) return
  throw new LedgerError('refused', MANAGES, { reason: 'needs_successor' })
}

const notFound = (): LedgerError =>
  new LedgerError('not_found', {
    zh: '没有这个人的信息，或已删除。',
    en: 'Nothing is kept of this person, or it is erased.',
  })

const SIGNS_IN = {
  zh: '此人的账号还能登录：先办离岗或停用，再删除。',
  en: 'This person can still sign in: off-board or disable them first.',
}
const MANAGES = {
  zh: '此人名下还有在租的租约：先交接。',
  en: 'This person still looks after leases: hand them over first.',
}
const LIVES_THERE = {
  zh: '租客还在租住，登记租住人员是法定义务；退租后可以删除。',
  en: 'The tenant lives there, and the law requires the register; it can be erased after they move out.',
}
const RESPONSIBLE = {
  zh: '此人是场所的责任人：先指定新的责任人，再删除。',
  en: 'This person answers for a site: name another first.',
}
const LETS_NOW = {
  zh: '此人是在租房间的房东；租约结束后可以删除。',
  en: 'This person lets a room that is let now; it can be erased when the lease has ended.',
}
