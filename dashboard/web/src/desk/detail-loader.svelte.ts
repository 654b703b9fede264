// The opened alarm's transitions and contacts, read again whenever the feed says that it changed. What was read stays when
// a later reading fails: without a link the telephone numbers are what is left.
import { alarmDetailSchema } from '../../../../contract/http/alarms.ts'
import type { AlarmDetail } from '../../../../contract/http/alarms.ts'
import { disclosedContactsSchema } from '../../../../contract/http/places.ts'
import type { ShownContact } from '../../../../contract/http/places.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

export class DetailLoader {
  detail = $state.raw<AlarmDetail | null>(null)
  error = $state.raw<unknown>(null)
  /** Numbers that were asked for, of which alarm: a later reading, masked again, does not take them away. */
  #disclosed = $state.raw<{ readonly id: string; readonly contacts: readonly ShownContact[] } | null>(null)
  #asked = 0

  async load(id: string): Promise<void> {
    const ask = ++this.#asked
    if (this.detail?.id !== id) this.detail = null
    if (this.#disclosed?.id !== id) this.#disclosed = null
    try {
      const detail = await call('GET', ROUTES.alarm(id), alarmDetailSchema)
      if (ask !== this.#asked) return
      this.detail = detail
      this.error = null
    } catch (error) {
      if (ask === this.#asked) this.error = error
    }
  }

  get contacts(): readonly ShownContact[] {
    const { detail } = this
    if (detail === null) return []
    return this.#disclosed?.id === detail.id ? this.#disclosed.contacts : detail.contacts
  }

  /** 显示号码: the hub records who asked. */
  async askContacts(id: string): Promise<void> {
    const { contacts } = await call('POST', ROUTES.alarmContacts(id), disclosedContactsSchema)
    if (this.detail?.id === id) this.#disclosed = { id, contacts }
  }
}
