// The evidence of `hub.bridge`: one alarm a bridge, its channel the bridge's name.
import type { DeviceState, Input } from '../ingest/alarms/types.ts'

type HubInput = Extract<Input, { type: 'hub' }>

const BRIDGE_RULE = 'hub.bridge'

export const bridgeCut = (name: string, cut: boolean): HubInput => ({
  type: 'hub',
  ruleId: BRIDGE_RULE,
  channel: name,
  active: cut,
  value: null,
})

/** Ends the alarms of bridges that are no longer listed. `own`: the state of the hub itself. */
export function forgottenBridges(names: readonly string[], own: Pick<DeviceState, 'tracks'>): HubInput[] {
  const standing = new Set<string>()
  for (const { ruleId, channel } of Object.values(own.tracks)) if (ruleId === BRIDGE_RULE) standing.add(channel)
  return [...standing].filter((name) => !names.includes(name)).map((name) => bridgeCut(name, false))
}
