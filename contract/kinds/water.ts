// 水浸/液位/水压: leaks, tanks and the pressure in fire mains.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import {
  attribute,
  binary,
  cited,
  counter,
  flag,
  level,
  metric,
  momentary,
  oneOf,
  pair,
  recommended,
  share,
} from './notation.ts'
import type { Limit, Rule, ThresholdRule } from '../rules.ts'
import type { Kind } from './kind.ts'

const leak: Rule = {
  id: 'water.water_leak',
  type: 'threshold',
  signal: 'water_leak',
  metric: 'water_leak',
  title: { zh: '水浸报警', en: 'Water leak' },
  category: 'maintenance',
  cause: 'condition',
  provenance: recommended(),
  direction: 'high',
  variants: [{ levels: [level('alarm', 1, 3, 0)], deadband: { absolute: 0 }, offDelay: 60 }],
  also: [flag('water_leak_alarm', 'alarm', 3, { returnedBy: 'water_leak_cleared' })],
}

const pressureBelow = (limit: Limit) => ({
  levels: [level('alarm', limit, 3, 60)],
  deadband: { absolute: 0.01 },
  offDelay: 60,
})

const pressure: Rule = {
  id: 'water.water_pressure',
  type: 'threshold',
  signal: 'water_pressure',
  metric: 'water_pressure',
  title: { zh: '消防水压不足', en: 'Fire water pressure low' },
  category: 'fire',
  cause: 'condition',
  provenance: cited(
    'S',
    'GB 50974-2014',
    '室外消火栓 0.14 MPa；室内 0.07 MPa，一类高层 0.10 MPa，建筑高度超过 100 m 为 0.15 MPa（后两者填入最低水压）',
    'Street hydrant 0.14 MPa; indoor 0.07 MPa, class 1 high-rise 0.10 MPa, above 100 m 0.15 MPa (enter the latter two as minimum pressure)',
    '5.2.2, 7.2.8',
  ),
  direction: 'low',
  variants: [
    { when: { purpose: 'hydrant' }, ...pressureBelow(share('minPressureMpa', 1, 0.14)) },
    { when: { purpose: 'indoor_hydrant' }, ...pressureBelow(share('minPressureMpa', 1, 0.07)) },
    pressureBelow(share('minPressureMpa')),
  ],
  also: [],
}

/** A tank's own two levels: without them there is nothing to compare with. */
function tankLevel(side: 'low' | 'high', attributeName: string, zh: string, en: string): ThresholdRule {
  return {
    id: `water.water_level_${side}`,
    type: 'threshold',
    signal: 'water_level',
    metric: 'water_level',
    title: { zh, en },
    category: 'maintenance',
    cause: 'condition',
    provenance: recommended(),
    direction: side,
    variants: [{ levels: [level('alarm', share(attributeName), 3, 60)], deadband: { absolute: 0.05 }, offDelay: 60 }],
    also: [],
  }
}

const hydrantOpened: Rule = {
  id: 'water.hydrant_opened',
  type: 'event',
  mode: 'momentary',
  signal: 'hydrant_opened',
  title: { zh: '消火栓出水', en: 'Hydrant opened' },
  category: 'fire',
  cause: 'behaviour',
  provenance: recommended(),
  raises: [{ event: 'hydrant_opened', priority: 3 }],
  returns: [],
  offDelay: 0,
  latch: false,
}

export const water: Kind = {
  name: 'water',
  label: { zh: '水浸/液位/水压', en: 'Water' },
  reportEverySeconds: 3_600,
  power: 'battery',
  metrics: [
    binary('water_leak', '水浸', 'Water leak', { zh: '有水', en: 'water found' }),
    metric('water_level', 'm', [0, 100, 0.01], '液位', 'Water level'),
    metric('water_pressure', 'MPa', [0, 10, 0.001], '水压', 'Water pressure'),
    metric('flow', 'm³/h', [0, 10_000, 0.01], '流量', 'Flow'),
    counter('volume', 'm³', [0, 99_999_999, 0.001], '水量', 'Volume'),
    metric('temperature', '℃', [-30, 100, 0.1], '温度', 'Temperature'),
    ...COMMON_METRICS,
  ],
  events: [
    ...pair('water_leak_alarm', '水浸报警', 'Water leak alarm', [], {
      name: 'water_leak_cleared',
      zh: '水浸恢复',
      en: 'Water leak cleared',
    }),
    momentary('hydrant_opened', '消火栓出水', 'Hydrant opened'),
    ...COMMON_EVENTS,
  ],
  commands: COMMON_COMMANDS,
  attributes: [
    attribute('purpose', '用途', 'Purpose', oneOf('leak', 'tank', 'hydrant', 'indoor_hydrant', 'sprinkler')),
    attribute('minPressureMpa', '最低水压（MPa）', 'Minimum pressure (MPa)', 'number', { min: 0, max: 10 }),
    attribute('levelLowM', '低液位（m）', 'Low level (m)', 'number', { min: 0, max: 100 }),
    attribute('levelHighM', '高液位（m）', 'High level (m)', 'number', { min: 0, max: 100 }),
    ...commonAttributes('battery'),
  ],
  rules: [
    leak,
    pressure,
    tankLevel('low', 'levelLowM', '液位过低', 'Water level low'),
    tankLevel('high', 'levelHighM', '液位过高', 'Water level high'),
    hydrantOpened,
  ],
}
