// How the three axes of an alarm become one marker and one word. The axes stay apart in the data; a row has room for one.
import type { Alarm } from '../../../../contract/alarms.ts'
import type { TextKey } from '../text/dictionary.ts'

/** filled: someone must act. outline: taken. ticked: returned, but nobody took it. struck: suppressed. */
export type MarkerLook = 'filled' | 'outline' | 'ticked' | 'struck'

export function markerLook(alarm: Alarm): MarkerLook {
  if (alarm.suppression !== null) return 'struck'
  if (alarm.ack !== null || alarm.priority === 4)
    return alarm.condition === 'normal' && alarm.ack === null ? 'ticked' : 'outline'
  return alarm.condition === 'normal' ? 'ticked' : 'filled'
}

/** The word of the state column; suppression and who took it are said beside it. */
export function stateKey(alarm: Alarm): Extract<TextKey, `alarm.state.${string}`> {
  if (alarm.condition === 'latched') return 'alarm.state.latched'
  if (alarm.condition === 'frozen') return 'alarm.state.frozen'
  if (alarm.priority === 4) return alarm.condition === 'normal' ? 'alarm.state.returned_plain' : 'alarm.state.active'
  if (alarm.condition === 'normal') return alarm.ack === null ? 'alarm.state.returned' : 'alarm.state.returned_plain'
  return alarm.ack === null ? 'alarm.state.unacknowledged' : 'alarm.state.acknowledged'
}
