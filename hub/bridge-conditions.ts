// `hub.bridge` is one alarm a bridge, its channel the bridge's name. A bridge that was taken off the list has nothing left that
// could end its alarm.
import type { DeviceState } from '../ingest/alarms/types.ts'

/** Bridges with an alarm that are not listed any more. `own`: the state of the hub itself. */
export function bridgesNoLongerListed(
  listed: readonly { readonly name: string }[],
  own: Pick<DeviceState, 'tracks'>,
): string[] {
  const standing = Object.values(own.tracks).flatMap(({ ruleId, channel }) =>
    ruleId === 'hub.bridge' ? [channel] : [],
  )
  return standing.filter((name) => !listed.some((bridge) => bridge.name === name))
}
