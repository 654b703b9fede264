// The opened alarm's transitions and contacts, read again whenever the feed says that it changed. What was read stays when
// a later reading fails: without a link the telephone numbers are what is left.
import { alarmDetailSchema } from '../../../../contract/http/alarms.ts'
import type { AlarmDetail } from '../../../../contract/http/alarms.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'

export class DetailLoader {
  detail = $state.raw<AlarmDetail | null>(null)
  error = $state.raw<unknown>(null)
  #asked = 0

  async load(id: string): Promise<void> {
    const ask = ++this.#asked
    if (this.detail?.id !== id) this.detail = null
    try {
      const detail = await call('GET', ROUTES.alarm(id), alarmDetailSchema)
      if (ask !== this.#asked) return
      this.detail = detail
      this.error = null
    } catch (error) {
      if (ask === this.#asked) this.error = error
    }
  }
}
