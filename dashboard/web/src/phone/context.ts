// What every page of the phone stands on.
import { createContext } from 'svelte'
import type { Me } from '../../../../contract/http/people.ts'
import type { Feed } from '../feed/feed.svelte.ts'
import type { PhoneAlarms } from './open-alarms.svelte.ts'

export interface Phone {
  readonly me: Me
  /** null: not fetched yet. */
  readonly feed: Feed | null
  readonly alarms: PhoneAlarms
}
export const [getPhone, setPhone] = createContext<Phone>()
