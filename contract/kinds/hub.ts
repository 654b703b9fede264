// What the hub says about itself. Its evidence is outside any device's messages.
import { recommended } from './notation.ts'
import type { Category, HubRule, Priority } from '../rules.ts'

function hubRule(
  signal: string,
  priority: Priority,
  category: Category,
  zh: string,
  en: string,
  onDelay = 60,
): HubRule {
  return {
    id: `hub.${signal}`,
    type: 'hub',
    signal,
    title: { zh, en },
    category,
    cause: 'condition',
    provenance: recommended(),
    onDelay,
    priority,
  }
}

export const HUB_RULES: readonly HubRule[] = [
  hubRule('no_desk', 2, 'fault', '无值班席在线', 'No armed duty desk'),
  hubRule('disk', 3, 'maintenance', '平台磁盘空间不足', 'Hub is running out of disk'),
  hubRule('store', 1, 'fault', '平台无法存储数据', 'Hub cannot store'),
  // One a bridge, its channel the bridge's name. Each of its devices has its own silence besides.
  hubRule('bridge', 2, 'fault', '外部平台接入中断', 'External broker is cut off'),
  // One an area, its channel the area's id; the value is how many. It was waited for long enough already.
  hubRule('unheard', 4, 'offline', '有设备未上线', 'Devices registered but never heard', 0),
]
