// Every event of the feed with its declared access. `satisfies` makes a new event of the contract fail to compile here, and
// `declareEvents` keeps one that slipped through from starting.
import type { DownEvents, UpEvents } from '../../../contract/feed.ts'
import { assertDeclared, role, self } from '../access.ts'
import type { Access } from '../access.ts'

export const UP_ACCESS = {
  'feed:resume': role('feed:follow', 'filtered'),
  'readings:watch': role('devices:read', 'filtered'),
  desk: role('desk:stand', 'whole_hub'),
  'alarm:shown': role('alarms:read', 'filtered'),
  'alarm:viewing': role('alarms:read', 'filtered'),
} as const satisfies Record<keyof UpEvents, Access>

export const DOWN_ACCESS = {
  hello: self,
  heartbeat: role('feed:follow', 'filtered'),
  alarm: role('alarms:read', 'filtered'),
  readings: role('devices:read', 'filtered'),
  device: role('devices:read', 'filtered'),
  viewers: role('alarms:read', 'filtered'),
  command: role('devices:read', 'filtered'),
} as const satisfies Record<keyof DownEvents, Access>

export function declareEvents(events: Readonly<Record<string, unknown>>): void {
  for (const [name, access] of Object.entries(events)) assertDeclared(`feed event ${name}`, access)
}
