// What the search is asked and what it answered last. An answer to an older word never replaces a newer one's.
import { searchResultSchema } from '../../../../contract/http/search.ts'
import { call } from '../api/client.ts'
import { ROUTES, withQuery } from '../api/routes.ts'
import { groupsOf } from './hits.ts'
import type { HitGroup } from './hits.ts'

/** A person who types is not asked for at every key. */
const PAUSE_MS = 120

export class Query {
  text = $state('')
  groups = $state.raw<readonly HitGroup[]>([])
  /** The word that `groups` answers; '' before the first. */
  answered = $state('')
  failed = $state(false)
  #asked: AbortController | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  readonly word = $derived(this.text.trim())
  readonly count = $derived(this.groups.reduce((sum, group) => sum + group.total, 0))

  /** `composing`: an input method has not said yet what is meant. */
  type(text: string, composing = false): void {
    this.text = text
    clearTimeout(this.#timer)
    this.#asked?.abort()
    if (this.word === '') {
      this.groups = []
      this.answered = ''
      this.failed = false
    } else if (!composing) this.#timer = setTimeout(() => void this.#ask(this.word), PAUSE_MS)
  }

  async #ask(q: string): Promise<void> {
    const asked = new AbortController()
    this.#asked = asked
    try {
      const result = await call('GET', withQuery(ROUTES.search, { q }), searchResultSchema, { signal: asked.signal })
      if (asked.signal.aborted) return
      this.groups = groupsOf(result, q)
      this.answered = q
      this.failed = false
    } catch {
      if (!asked.signal.aborted) this.failed = true
    }
  }
}
