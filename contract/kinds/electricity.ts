// 智慧用电: leakage, cable heat, voltage, load and arc of one circuit. Single-phase and single-probe sets use channel `a`.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import { ELECTRICITY_RULES } from './electricity-rules.ts'
import { attribute, binary, channels, command, counter, log, metric, momentary, oneOf, pair } from './notation.ts'
import type { Kind } from './kind.ts'

export const electricity: Kind = {
  name: 'electricity',
  label: { zh: '智慧用电', en: 'Electricity' },
  reportEverySeconds: 60,
  power: 'mains',
  metrics: [
    metric('residual_current', 'mA', [0, 10_000, 0.1], '剩余电流', 'Residual current'),
    ...channels('temperature', 'abcn', '℃', [-30, 200, 0.1], '线缆温度', 'Cable temperature'),
    ...channels('voltage', 'abc', 'V', [0, 500, 0.1], '相电压', 'Phase voltage'),
    ...channels('current', 'abcn', 'A', [0, 5_000, 0.01], '电流', 'Current'),
    // Negative: feeds back.
    metric('power', 'W', [-1_000_000, 1_000_000, 1], '有功功率', 'Active power'),
    ...channels('power', 'abc', 'W', [-1_000_000, 1_000_000, 1], '有功功率', 'Active power'),
    metric('reactive_power', 'var', [-1_000_000, 1_000_000, 1], '无功功率', 'Reactive power'),
    metric('power_factor', '', [-1, 1, 0.001], '功率因数', 'Power factor'),
    metric('frequency', 'Hz', [45, 55, 0.01], '频率', 'Frequency'),
    counter('energy', 'kWh', [0, 99_999_999, 0.01], '正向电能', 'Energy imported'),
    counter('energy_export', 'kWh', [0, 99_999_999, 0.01], '反向电能', 'Energy exported'),
    counter('arc_count', '', [0, 4_294_967_295, 1], '电弧次数', 'Arc count'),
    binary('breaker_closed', '断路器位置', 'Breaker position', { zh: '合闸', en: 'closed' }),
    ...COMMON_METRICS,
  ],
  events: [
    ...pair('residual_current_alarm', '剩余电流报警', 'Residual current alarm', ['value']),
    ...pair('over_temperature', '温度报警', 'Over-temperature', ['channel', 'value']),
    ...pair('over_voltage', '过压', 'Over-voltage', ['channel', 'value']),
    ...pair('under_voltage', '欠压', 'Under-voltage', ['channel', 'value']),
    ...pair('over_current', '过流', 'Over-current', ['channel', 'value']),
    ...pair('phase_loss', '缺相', 'Phase loss', ['channel', 'value']),
    momentary('arc_fault', '故障电弧', 'Arc fault', ['channel']),
    momentary('short_circuit', '短路', 'Short circuit', ['channel']),
    ...pair('breaker_tripped', '断路器跳闸', 'Breaker tripped', ['cause', 'by'], {
      name: 'breaker_reclosed',
      zh: '断路器重合',
      en: 'Breaker reclosed',
    }),
    log('breaker_opened', '断路器分闸', 'Breaker opened', ['by']),
    ...COMMON_EVENTS,
  ],
  commands: [
    command('breaker_open', '分闸', 'Open breaker', 30, { dangerous: true }),
    command('breaker_close', '合闸', 'Close breaker', 30, { dangerous: true }),
    ...COMMON_COMMANDS,
  ],
  attributes: [
    attribute('position', '安装层级', 'Position', oneOf('incoming', 'secondary', 'final'), { default: 'incoming' }),
    attribute('ratedCurrentA', '额定电流（A）', 'Rated current (A)', 'number', { min: 0.1, max: 5_000 }),
    attribute('rcdMa', '剩余电流保护器动作值（mA）', 'RCD rating (mA)', 'number', { min: 1, max: 10_000 }),
    attribute('insulation', '绝缘类型', 'Insulation', oneOf('pvc', 'xlpe', 'rubber'), { default: 'pvc' }),
    attribute('phases', '相数', 'Phases', oneOf(1, 3)),
    attribute('powerLimitW', '功率限额（W）', 'Power limit (W)', 'number', { min: 1, max: 1_000_000 }),
    attribute('pv', '接有光伏', 'Has photovoltaics', 'boolean', { default: false }),
    ...commonAttributes('mains'),
  ],
  rules: ELECTRICITY_RULES,
}
