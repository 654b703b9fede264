// What every kind except the camera measures, tells, obeys and is described by, after its own columns.
import { attribute, command, DAY, log, metric, momentary, oneOf, pair } from './notation.ts'
import type { Attribute, Kind, KindCommand, KindEvent, Metric } from './kind.ts'

export const COMMON_METRICS: readonly Metric[] = [
  metric('battery', '%', [0, 100, 1], '电量', 'Battery'),
  metric('battery_voltage', 'V', [0, 60, 0.01], '电池电压', 'Battery voltage'),
  metric('rssi', 'dBm', [-150, 0, 1], '信号强度', 'Signal strength'),
  metric('device_temperature', '℃', [-35, 125, 0.1], '箱内温度', 'Enclosure temperature'),
  metric('humidity', '%RH', [0, 100, 0.1], '湿度', 'Humidity'),
]

export const COMMON_EVENTS: readonly KindEvent[] = [
  ...pair('fault', '故障', 'Fault', ['part', 'code']),
  ...pair('tamper', '拆动', 'Tamper'),
  ...pair('manual_alarm', '手动报警/求助', 'Manual alarm'),
  ...pair('mains_lost', '主电失电', 'Mains lost', [], { name: 'mains_restored', zh: '主电恢复', en: 'Mains restored' }),
  ...pair('battery_low', '电池欠压', 'Battery low', [], {
    name: 'battery_ok',
    zh: '电池恢复',
    en: 'Battery recovered',
  }),
  momentary('end_of_life', '寿命到期（报废）', 'End of life'),
  momentary('setting_changed', '整定值改动', 'Setting changed', ['name', 'from', 'to', 'by']),
  log('self_test', '自检', 'Self-test', ['ok']),
  log('muted', '消音', 'Muted', ['by', 'reason']),
  log('reset', '复位', 'Reset', ['by', 'reason']),
  log('restarted', '重启', 'Restarted', ['by', 'reason']),
]

export const COMMON_COMMANDS: readonly KindCommand[] = [
  command('self_test', '自检', 'Self-test', 60),
  command('mute', '远程消音', 'Mute device', 30, { args: { seconds: { type: 'number', min: 1, max: 600 } } }),
  command('reset', '复位', 'Reset', 30),
  command('locate', '定位（闪灯鸣响）', 'Locate (blink and beep)', 30, {
    args: { seconds: { type: 'number', min: 1 } },
  }),
  command('reboot', '重启', 'Reboot', 60),
  command('set_interval', '设置上报间隔', 'Set reporting interval', 300, {
    args: { seconds: { type: 'number', min: 10, max: DAY } },
  }),
  command('set_limit', '设置整定值', 'Set device limit', 60, {
    args: { name: { type: 'string' }, value: { type: 'number' } },
    dangerous: true,
  }),
]

const DESCRIPTION: readonly Attribute[] = [
  attribute('maker', '厂商', 'Maker'),
  attribute('model', '型号', 'Model'),
  attribute('serial', '序列号', 'Serial number'),
  attribute('firmware', '固件版本', 'Firmware'),
  attribute('simIccid', 'SIM 卡 ICCID', 'SIM ICCID'),
  attribute('installedAt', '安装日期', 'Installed on', 'date'),
  attribute('installer', '安装单位', 'Installer'),
  attribute('owner', '产权人', 'Owner'),
  attribute('funding', '资金来源', 'Funding', oneOf('government', 'enterprise', 'landlord')),
  attribute('productionDate', '生产日期', 'Production date', 'date'),
  attribute('serviceYears', '使用年限（年）', 'Service life (years)', 'number', { min: 0, max: 100 }),
  attribute('location', '安装位置', 'Location'),
  attribute('outside', '装于室外', 'Outdoors', 'boolean', { default: false }),
  attribute('reportEverySeconds', '上报间隔（秒）', 'Reporting interval (s)', 'number', { min: 1, max: 7 * DAY }),
  attribute('inServiceFrom', '投用日期', 'In service from', 'date'),
  attribute('critical', '重要场所', 'Critical site', 'boolean', { default: false }),
  attribute('exempt', '不得断电', 'Must not be cut off', oneOf('none', 'medical', 'refrigeration'), {
    default: 'none',
  }),
]

/** The common attributes; `power` says which delays of `device.silent` hold, with the kind's usual supply as default. */
export function commonAttributes(power: Kind['power']): readonly Attribute[] {
  return [...DESCRIPTION, attribute('power', '供电', 'Power supply', oneOf('mains', 'battery'), { default: power })]
}
