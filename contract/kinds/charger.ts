// 智慧充电桩: one port of an e-bike charging pile; the pile itself is a gateway.
import { CHARGER_RULES } from './charger-rules.ts'
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import { attribute, binary, command, counter, log, metric, momentary, pair } from './notation.ts'
import type { Kind } from './kind.ts'

export const charger: Kind = {
  name: 'charger',
  label: { zh: '智慧充电桩', en: 'E-bike charger' },
  // Every 60 s while charging; idle is the interval that silence must allow for.
  reportEverySeconds: 300,
  power: 'mains',
  metrics: [
    binary('charging', '状态', 'Charging', { zh: '充电中', en: 'charging' }),
    metric('power', 'W', [0, 7_000, 1], '功率', 'Power'),
    metric('voltage_a', 'V', [0, 500, 0.1], '电压', 'Voltage'),
    metric('current_a', 'A', [0, 64, 0.01], '电流', 'Current'),
    counter('energy', 'kWh', [0, 99_999_999, 0.01], '电能', 'Energy'),
    metric('session_energy', 'kWh', [0, 200, 0.01], '本次电量', 'Session energy'),
    metric('session_seconds', 's', [0, 172_800, 1], '本次时长', 'Session time'),
    metric('temperature', '℃', [-30, 150, 0.1], '端口温度', 'Port temperature'),
    metric('residual_current', 'mA', [0, 1_000, 0.1], '剩余电流', 'Residual current'),
    binary('smoke', '烟雾', 'Smoke', { zh: '报警', en: 'alarm' }),
    ...COMMON_METRICS,
  ],
  events: [
    log('session_started', '充电开始', 'Session started', ['session']),
    log('session_ended', '充电结束', 'Session ended', ['session', 'reason', 'energy', 'seconds']),
    ...pair('over_power', '超功率', 'Over-power'),
    ...pair('over_temperature', '端口过热', 'Over-temperature'),
    ...pair('float_charging', '浮充未断电', 'Float charging'),
    ...pair('smoke_alarm', '烟雾报警', 'Smoke alarm', [], {
      name: 'smoke_cleared',
      zh: '烟雾报警恢复',
      en: 'Smoke cleared',
    }),
    momentary('short_circuit', '短路', 'Short circuit'),
    ...COMMON_EVENTS,
  ],
  // There is no `charge_start`: that is the paying platform's.
  commands: [
    command('charge_stop', '停止充电', 'Stop charging', 30),
    command('port_disable', '停用端口', 'Disable port', 60, { dangerous: true }),
    command('port_enable', '启用端口', 'Enable port', 60, { dangerous: true }),
    ...COMMON_COMMANDS,
  ],
  attributes: [
    attribute('ratedPowerW', '额定功率（W）', 'Rated power (W)', 'number', { min: 1, max: 7_000 }),
    attribute('indoor', '室内', 'Indoors', 'boolean', { default: false }),
    ...commonAttributes('mains'),
  ],
  rules: CHARGER_RULES,
}
