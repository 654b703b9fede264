// How the three axes of an alarm become one marker and one word. The axes stay apart in the data; a row has room for one.
import type { Ack, Alarm } from '../../../../contract/alarms.ts'
import type { AckLevel } from '../../../../contract/role-names.ts'
import type { TextKey } from '../text/dictionary.ts'

/** filled: someone must act. outline: taken. ticked: returned, but nobody took it. struck: suppressed. */
export type MarkerLook = 'filled' | 'outline' | 'ticked' | 'struck'

/** Who took it at this level of desk. */
export const ackOf = (alarm: Pick<Alarm, 'ack' | 'townAck'>, level: AckLevel): Ack | null =>
  level === 'town' ? (alarm.townAck ?? null) : alarm.ack

/** The alarms with `ack` as a desk of this level has it. */
export const takenAt = (alarms: readonly Alarm[], level: AckLevel): readonly Alarm[] =>
  level === 'county' ? alarms : alarms.map((alarm) => ({ ...alarm, ack: ackOf(alarm, level) }))

export function markerLook(alarm: Alarm, level: AckLevel): MarkerLook {
  const ack = ackOf(alarm, level)
  if (alarm.suppression !== null) return 'struck'
  if (ack !== null || alarm.priority === 4) return alarm.condition === 'normal' && ack === null ? 'ticked' : 'outline'
  return alarm.condition === 'normal' ? 'ticked' : 'filled'
}

/** The word of the state column; suppression and who took it are said beside it. */
export function stateKey(alarm: Alarm, level: AckLevel): Extract<TextKey, `alarm.state.${string}`> {
  if (alarm.condition === 'latched') return 'alarm.state.latched'
  if (alarm.condition === 'frozen') return 'alarm.state.frozen'
  if (alarm.priority === 4) return alarm.condition === 'normal' ? 'alarm.state.returned_plain' : 'alarm.state.active'
  const untaken = ackOf(alarm, level) === null
  if (alarm.condition === 'normal') return untaken ? 'alarm.state.returned' : 'alarm.state.returned_plain'
  return untaken ? 'alarm.state.unacknowledged' : 'alarm.state.acknowledged'
}
