// Default rules of 智慧充电桩.
import { cited, flag, HOUR, latched, level, recommended } from './notation.ts'
import type { Rule } from '../rules.ts'

const duration: Rule = {
  id: 'charger.session_seconds',
  type: 'threshold',
  signal: 'session_seconds',
  metric: 'session_seconds',
  title: { zh: '充电超时', en: 'Charging too long' },
  category: 'electrical',
  cause: 'behaviour',
  provenance: cited(
    'S',
    'DB46/T 526-2021',
    '单次充电不宜超过 8 h；10 h 为本项目推荐值',
    'A single charge of at most 8 h; the 10 h are recommended',
  ),
  direction: 'high',
  variants: [
    {
      levels: [level('warn', 8 * HOUR, 4, 0), level('alarm', 10 * HOUR, 3, 0)],
      deadband: { absolute: 0 },
      offDelay: 0,
    },
  ],
  also: [],
}

const power: Rule = {
  id: 'charger.power',
  type: 'threshold',
  signal: 'power',
  metric: 'power',
  title: { zh: '充电功率异常', en: 'Charging power too high' },
  category: 'electrical',
  cause: 'behaviour',
  provenance: recommended(
    '电动自行车充电通常 60～250 W；超过 400 W 可疑（大电池或非电动自行车）',
    'E-bikes usually take 60–250 W; above 400 W is suspicious (a large pack, or not an e-bike)',
  ),
  direction: 'high',
  variants: [
    { levels: [level('warn', 400, 4, 30), level('alarm', 800, 3, 10)], deadband: { absolute: 20 }, offDelay: 30 },
  ],
  also: [flag('over_power', 'alarm', 3)],
}

const temperature: Rule = {
  id: 'charger.temperature',
  type: 'threshold',
  signal: 'temperature',
  metric: 'temperature',
  title: { zh: '充电端口温度报警', en: 'Port temperature alarm' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(),
  direction: 'high',
  variants: [
    {
      levels: [level('warn', 60, 3, 10), latched('alarm', 70, 2, 10), latched('high', 80, 1, 10)],
      deadband: { absolute: 2 },
      offDelay: 120,
    },
  ],
  also: [flag('over_temperature', 'alarm', 2, { latch: true })],
}

const residualCurrent: Rule = {
  id: 'charger.residual_current',
  type: 'threshold',
  signal: 'residual_current',
  metric: 'residual_current',
  title: { zh: '充电桩剩余电流报警', en: 'Charger residual current alarm' },
  category: 'electrical',
  cause: 'condition',
  provenance: cited('S', 'T/GBC 48-2025', '剩余电流不大于 30 mA', 'Residual current at most 30 mA'),
  direction: 'high',
  variants: [{ levels: [latched('alarm', 30, 2, 0)], deadband: { absolute: 3 }, offDelay: 60 }],
  also: [],
}

const FLOAT = {
  signal: 'float_charging',
  title: { zh: '浮充未断电', en: 'Float charging not cut off' },
  category: 'electrical',
  cause: 'condition',
  provenance: cited(
    'S',
    'T/GBC 48-2025',
    '输出不大于额定功率 5 % 时自动断电',
    'Switches off by itself at 5 % of the rated output or less',
  ),
} as const

const float: Rule = {
  ...FLOAT,
  id: 'charger.float',
  type: 'event',
  mode: 'pair',
  raises: [{ event: 'float_charging', priority: 4 }],
  returns: ['float_charging_cleared'],
  offDelay: 0,
  latch: false,
}

const floatLimit: Rule = {
  ...FLOAT,
  id: 'charger.float_limit',
  type: 'planned',
  needs: 'composite: charging at 5 % of ratedPowerW or less for more than 30 min → P4',
}

const smoke: Rule = {
  id: 'charger.smoke',
  type: 'threshold',
  signal: 'smoke',
  metric: 'smoke',
  title: { zh: '充电处烟雾报警', en: 'Smoke at the charger' },
  category: 'fire',
  cause: 'condition',
  provenance: cited('S', 'T/GBC 48-2025', '充电处应设感烟报警', 'A smoke alarm is required at the charger'),
  direction: 'high',
  variants: [{ levels: [latched('alarm', 1, 1, 0)], deadband: { absolute: 0 }, offDelay: 60 }],
  also: [flag('smoke_alarm', 'alarm', 1, { latch: true, returnedBy: 'smoke_cleared' })],
}

const shortCircuit: Rule = {
  id: 'charger.short_circuit',
  type: 'event',
  mode: 'momentary',
  signal: 'short_circuit',
  title: { zh: '充电端口短路', en: 'Short circuit at the port' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(),
  raises: [{ event: 'short_circuit', priority: 3 }],
  returns: [],
  offDelay: 0,
  latch: false,
}

export const CHARGER_RULES: readonly Rule[] = [
  duration,
  power,
  temperature,
  residualCurrent,
  float,
  floatLimit,
  smoke,
  shortCircuit,
]
