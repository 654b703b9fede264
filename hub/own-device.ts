// The hub as a device of its own: what it raises about itself is an alarm like any other.
import { HUB_DEVICE_ID } from '../contract/ids.ts'
import type { DeviceProfile } from '../ingest/alarms/types.ts'
import type { Placement } from '../ingest/devices.ts'

export const hubProfile = (): DeviceProfile => ({
  uid: HUB_DEVICE_ID,
  deviceId: HUB_DEVICE_ID,
  kind: 'hub',
  attributes: {},
  lifecycle: 'in_service',
  gatewayId: null,
  inServiceSince: null,
})

/** Nowhere: only those who see everything see the hub's own alarms. */
export const HUB_PLACEMENT: Placement = { deviceName: '智安平台 Zhi’an hub', siteId: null, areaIds: [], place: [] }
