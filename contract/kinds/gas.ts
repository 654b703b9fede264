// 燃气报警: combustible gas and carbon monoxide. Nothing here waits: the minimum delay against cooking is inside the device.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import {
  attribute,
  binary,
  cited,
  command,
  flag,
  latched,
  level,
  log,
  metric,
  MINUTE,
  oneOf,
  pair,
} from './notation.ts'
import type { Rule } from '../rules.ts'
import type { Kind } from './kind.ts'

const LOW = { zh: '燃气低限报警', en: 'Gas low-limit alarm' }
const HIGH = { zh: '燃气高限报警', en: 'Gas high-limit alarm' }

const combustible: Rule = {
  id: 'gas.gas_lel',
  type: 'threshold',
  signal: 'gas_lel',
  metric: 'gas_lel',
  title: { zh: '燃气报警', en: 'Gas alarm' },
  category: 'gas',
  cause: 'condition',
  provenance: cited(
    'S',
    'GB/T 50493-2019',
    '一级报警不高于 25 %LEL，二级不高于 50 %LEL；低限 10 %LEL 为本项目推荐值，家用报警器的 5～25 %LEL（GB 15322.2-2019）尚未与标准原文核对',
    'First level at most 25 %LEL, second at most 50 %LEL; the low limit of 10 %LEL is recommended, the 5–25 %LEL of household detectors (GB 15322.2-2019) has not been checked against its text',
  ),
  direction: 'high',
  variants: [
    {
      levels: [
        { ...level('info', 5, 4, 0), optIn: true },
        { ...latched('warn', 10, 2, 0), title: LOW },
        { ...latched('alarm', 25, 1, 0), title: HIGH },
        { ...latched('high', 50, 1, 0), title: HIGH },
      ],
      deadband: { absolute: 2 },
      offDelay: 60,
    },
  ],
  also: [
    { ...flag('gas_low', 'warn', 2, { latch: true }), title: LOW },
    { ...flag('gas_high', 'alarm', 1, { latch: true }), title: HIGH },
  ],
}

const carbonMonoxide: Rule = {
  id: 'gas.co_ppm',
  type: 'threshold',
  signal: 'co_ppm',
  metric: 'co_ppm',
  title: { zh: '一氧化碳报警', en: 'Carbon monoxide alarm' },
  category: 'gas',
  cause: 'condition',
  provenance: cited(
    'S',
    'EN 50291',
    '50 ppm 60～90 min、100 ppm 10～40 min、300 ppm 3 min 内报警；更短的延时为本项目推荐值',
    'Alarms at 50 ppm after 60–90 min, 100 ppm 10–40 min, 300 ppm within 3 min; the shorter delays are recommended',
  ),
  direction: 'high',
  variants: [
    {
      levels: [latched('warn', 50, 2, 5 * MINUTE), latched('alarm', 100, 1, MINUTE), latched('high', 300, 1, 0)],
      deadband: { absolute: 5 },
      offDelay: 60,
    },
  ],
  also: [flag('co_alarm', 'alarm', 1, { latch: true })],
}

export const gas: Kind = {
  name: 'gas',
  label: { zh: '燃气报警', en: 'Gas' },
  reportEverySeconds: 60,
  power: 'mains',
  metrics: [
    metric('gas_lel', '%LEL', [0, 100, 0.1], '燃气浓度', 'Gas concentration'),
    metric('co_ppm', 'ppm', [0, 5_000, 1], '一氧化碳', 'Carbon monoxide'),
    binary('valve_closed', '切断阀', 'Shut-off valve', { zh: '已关', en: 'closed' }),
    binary('fan_on', '排风', 'Exhaust fan', { zh: '运行', en: 'running' }),
    ...COMMON_METRICS,
  ],
  events: [
    ...pair('gas_low', LOW.zh, LOW.en, ['value']),
    ...pair('gas_high', HIGH.zh, HIGH.en, ['value']),
    ...pair('co_alarm', '一氧化碳报警', 'Carbon monoxide alarm', ['value']),
    log('valve_closed', '切断阀关闭', 'Valve closed', ['by']),
    log('valve_opened', '切断阀打开', 'Valve opened', ['by']),
    // Warming up suppresses nothing: GB 15322.2 tests alarms during it.
    log('warming_up', '预热', 'Warming up'),
    log('ready', '预热结束', 'Ready'),
    ...COMMON_EVENTS,
  ],
  // There is no `valve_open`: gas is only ever turned on again by a person who stands there.
  commands: [command('valve_close', '关阀', 'Close valve', 30, { reasonAfterwards: true }), ...COMMON_COMMANDS],
  attributes: [
    attribute('gas', '燃气种类', 'Gas', oneOf('methane', 'propane', 'town', 'none')),
    attribute('use', '用途', 'Use', oneOf('household', 'commercial', 'industrial')),
    attribute('valve', '切断阀类型', 'Valve', oneOf('none', 'solenoid', 'manipulator', 'self_closing')),
    attribute('valveYears', '切断阀年限（年）', 'Valve life (years)', 'number', { default: 10, min: 0, max: 100 }),
    ...commonAttributes('mains'),
  ],
  rules: [combustible, carbonMonoxide],
}
