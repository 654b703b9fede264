// 感烟/感温: independent fire detectors, mostly on a battery and heard once a day.
import { COMMON_COMMANDS, COMMON_EVENTS, COMMON_METRICS, commonAttributes } from './common.ts'
import { attribute, binary, cited, DAY, flag, latched, level, metric, oneOf, pair, recommended } from './notation.ts'
import type { Rule } from '../rules.ts'
import type { Kind } from './kind.ts'

const LATCHING = cited(
  'P',
  'GB/T 45839-2025',
  '火警指示保持到手动复位；恢复延时为本项目推荐值',
  'A fire alarm stands until it is reset by hand; the off-delay is recommended',
)

const smokeAlarm: Rule = {
  id: 'smoke.smoke',
  type: 'threshold',
  signal: 'smoke',
  metric: 'smoke',
  title: { zh: '火警（感烟）', en: 'Fire alarm (smoke)' },
  category: 'fire',
  cause: 'condition',
  provenance: LATCHING,
  direction: 'high',
  variants: [{ levels: [latched('alarm', 1, 1, 0)], deadband: { absolute: 0 }, offDelay: 60 }],
  also: [flag('smoke_alarm', 'alarm', 1, { latch: true, returnedBy: 'smoke_cleared' })],
}

const heatAlarm: Rule = {
  id: 'smoke.heat_alarm',
  type: 'event',
  mode: 'pair',
  signal: 'heat_alarm',
  title: { zh: '火警（感温）', en: 'Fire alarm (heat)' },
  category: 'fire',
  cause: 'condition',
  provenance: LATCHING,
  raises: [{ event: 'heat_alarm', priority: 1 }],
  returns: ['heat_cleared'],
  offDelay: 60,
  latch: true,
}

const contamination: Rule = {
  id: 'smoke.smoke_contamination',
  type: 'threshold',
  signal: 'smoke_contamination',
  metric: 'smoke_contamination',
  title: { zh: '探测器污染', en: 'Detector contaminated' },
  category: 'maintenance',
  cause: 'condition',
  provenance: recommended(
    '污染提示功能见 GB 20517-2025 5.21（二手资料）；80 % 为推荐值',
    'Contamination function: GB 20517-2025 5.21 (secondary source); the 80 % is recommended',
  ),
  direction: 'high',
  variants: [{ levels: [level('warn', 80, 4, DAY)], deadband: { absolute: 5 }, offDelay: DAY }],
  also: [flag('contaminated', 'warn', 4)],
}

export const smoke: Kind = {
  name: 'smoke',
  label: { zh: '感烟/感温', en: 'Smoke and heat' },
  reportEverySeconds: DAY,
  power: 'battery',
  metrics: [
    binary('smoke', '火警', 'Fire alarm', { zh: '报警', en: 'alarm' }),
    metric('smoke_contamination', '%', [0, 100, 1], '污染度', 'Contamination'),
    metric('temperature', '℃', [-30, 150, 0.1], '温度', 'Temperature'),
    ...COMMON_METRICS,
  ],
  events: [
    ...pair('smoke_alarm', '感烟火警', 'Smoke alarm', [], {
      name: 'smoke_cleared',
      zh: '感烟火警恢复',
      en: 'Smoke cleared',
    }),
    ...pair('heat_alarm', '感温火警', 'Heat alarm', [], {
      name: 'heat_cleared',
      zh: '感温火警恢复',
      en: 'Heat cleared',
    }),
    ...pair('contaminated', '探测器污染', 'Detector contaminated'),
    ...COMMON_EVENTS,
  ],
  commands: COMMON_COMMANDS.map((c) => (c.name === 'mute' ? { ...c, ownerAuthorisation: true } : c)),
  attributes: [
    attribute('detector', '探测器类型', 'Detector', oneOf('smoke', 'heat', 'combined')),
    attribute('standard', '执行标准', 'Standard'),
    attribute('muteAuthorised', '产权人同意远程消音', 'Owner authorises remote mute', 'boolean', { default: false }),
    ...commonAttributes('battery'),
  ],
  rules: [smokeAlarm, heatAlarm, contamination],
}
