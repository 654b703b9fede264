// Default rules of 智慧用电. Rates and unbalance wait for their rule kinds and are listed as planned.
import { cited, DAY, flag, latched, level, MINUTE, recommended, share } from './notation.ts'
import type { Rule } from '../rules.ts'
import { REGIMES_WITHOUT_POWER, SITE_REGIME } from '../site-profile.ts'

const residualCurrent: Rule = {
  id: 'electricity.residual_current',
  type: 'threshold',
  signal: 'residual_current',
  metric: 'residual_current',
  title: { zh: '剩余电流报警', en: 'Residual current alarm' },
  category: 'electrical',
  cause: 'condition',
  provenance: cited(
    'S',
    'GB 50116-2013',
    '现场整定值宜为 300～500 mA；200 mA 预报警、末端回路 100 mA 及保护器动作值的 80 %/100 % 为本项目推荐值',
    'Setpoint on site 300–500 mA; 200 mA, 100 mA on final circuits and 80 %/100 % of the RCD rating are recommended values',
    '9.2.2, 9.2.3',
  ),
  direction: 'high',
  variants: [
    // The RCD itself protects people here; the hub only says that it is near its limit.
    {
      when: { position: 'final', rcdMa: '*' },
      levels: [level('warn', share('rcdMa', 0.8), 4, 30), level('alarm', share('rcdMa', 1), 3, 5)],
      deadband: { absolute: 3 },
      offDelay: 60,
    },
    {
      when: { position: 'final' },
      levels: [level('warn', 100, 3, 30), latched('alarm', 300, 2, 5)],
      deadband: { absolute: 10 },
      offDelay: 60,
    },
    // Detection within 30 s together with the device: 5 s are the hub's.
    {
      levels: [level('warn', 200, 3, 30), latched('alarm', 300, 2, 5), latched('high', 500, 2, 5)],
      deadband: { absolute: 10, fraction: 0.05 },
      offDelay: 60,
    },
  ],
  also: [flag('residual_current_alarm', 'alarm', 2, { latch: true })],
}

const temperature: Rule = {
  id: 'electricity.temperature',
  type: 'threshold',
  signal: 'temperature',
  metric: 'temperature',
  title: { zh: '线缆温度报警', en: 'Cable temperature alarm' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(
    '导体长期允许温度：橡皮 65 ℃、PVC 70 ℃、XLPE 90 ℃（二手资料）；预报警和高限为本项目推荐值；橡皮绝缘按 PVC 处理',
    'Long-term conductor temperature rubber 65 ℃, PVC 70 ℃, XLPE 90 ℃ (secondary source); warn and high steps recommended; rubber is treated as PVC',
  ),
  direction: 'high',
  variants: [
    {
      when: { insulation: 'xlpe' },
      levels: [level('warn', 80, 3, 30), latched('alarm', 90, 2, 10), latched('high', 120, 1, 10)],
      deadband: { absolute: 2 },
      offDelay: 120,
    },
    {
      levels: [level('warn', 60, 3, 30), latched('alarm', 70, 2, 10), latched('high', 90, 1, 10)],
      deadband: { absolute: 2 },
      offDelay: 120,
    },
  ],
  also: [flag('over_temperature', 'alarm', 2, { latch: true })],
}

const temperatureRate: Rule = {
  id: 'electricity.temperature_rate',
  type: 'planned',
  needs: 'rate of change: 5 ℃/min → P4, 10 ℃/min → P2, deadband 1, two samples, off-delay 120 s',
  signal: 'temperature',
  title: { zh: '线缆温升过快', en: 'Cable temperature rising fast' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(),
}

const VOLTAGE_SOURCE = cited(
  'S',
  'GB/T 12325-2008',
  '220 V 单相允许偏差 +7 %/−10 %，即 235.4 V 和 198 V；其余为本项目推荐值',
  '220 V single-phase +7 %/−10 %: 235.4 V and 198 V; the other steps are recommended',
)

const voltageHigh: Rule = {
  id: 'electricity.voltage_high',
  type: 'threshold',
  signal: 'voltage',
  metric: 'voltage',
  title: { zh: '过压', en: 'Over-voltage' },
  category: 'electrical',
  cause: 'condition',
  provenance: VOLTAGE_SOURCE,
  direction: 'high',
  variants: [
    {
      levels: [level('warn', 235.4, 4, 10 * MINUTE), level('alarm', 250, 3, 10), level('high', 264, 2, 3)],
      deadband: { absolute: 2 },
      offDelay: 60,
    },
  ],
  also: [flag('over_voltage', 'alarm', 3)],
}

const voltageLow: Rule = {
  id: 'electricity.voltage_low',
  type: 'threshold',
  signal: 'voltage',
  metric: 'voltage',
  title: { zh: '欠压', en: 'Under-voltage' },
  category: 'electrical',
  cause: 'condition',
  provenance: VOLTAGE_SOURCE,
  direction: 'low',
  variants: [
    {
      levels: [level('warn', 198, 4, 10 * MINUTE), level('alarm', 187, 3, 10), level('high', 160, 3, 10)],
      deadband: { absolute: 2 },
      offDelay: 60,
    },
  ],
  also: [flag('under_voltage', 'alarm', 3)],
}

/** One phase below 0.6 of 220 V. */
const PHASE_LOST = level('alarm', 132, 2, 5)

const phaseLoss: Rule = {
  id: 'electricity.phase_loss',
  type: 'threshold',
  signal: 'voltage',
  metric: 'voltage',
  title: { zh: '缺相', en: 'Phase loss' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended('任一相低于额定电压的 60 %', 'Any phase below 60 % of the rated voltage'),
  direction: 'low',
  variants: [
    { when: { phases: 3 }, levels: [PHASE_LOST], deadband: { absolute: 0 }, offDelay: 60 },
    // A single-phase set cannot lose one phase of three; its own flag, if it has one, still counts.
    { levels: [{ ...PHASE_LOST, optIn: true }], deadband: { absolute: 0 }, offDelay: 60 },
  ],
  also: [flag('phase_loss', 'alarm', 2)],
}

const unbalance: Rule = {
  id: 'electricity.unbalance',
  type: 'planned',
  needs: 'voltage unbalance over three channels: 2 % → P4, 4 % → P3, deadband 0.3, delays 5 min',
  signal: 'voltage',
  title: { zh: '三相电压不平衡', en: 'Voltage unbalance' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(
    'GB/T 15543 的 2 %/4 % 尚未与标准原文核对',
    'The 2 %/4 % of GB/T 15543 have not been checked against its text',
  ),
}

const current: Rule = {
  id: 'electricity.current',
  type: 'threshold',
  signal: 'current',
  metric: 'current',
  title: { zh: '过流', en: 'Over-current' },
  category: 'electrical',
  cause: 'behaviour',
  provenance: recommended('额定电流的 80 %、100 %、125 %', '80 %, 100 % and 125 % of the rated current'),
  direction: 'high',
  variants: [
    {
      levels: [
        level('warn', share('ratedCurrentA', 0.8), 4, 60),
        level('alarm', share('ratedCurrentA', 1), 3, 30),
        level('high', share('ratedCurrentA', 1.25), 2, 5),
      ],
      deadband: { absolute: 0, fraction: 0.05 },
      offDelay: 60,
    },
  ],
  also: [flag('over_current', 'alarm', 3)],
}

/** Any phase above what instruments leave on a dead line, for a minute: somebody is at work where nobody may be. */
const notOff: Rule = {
  id: 'electricity.not_off',
  type: 'threshold',
  signal: 'current',
  metric: 'current',
  channels: ['a', 'b', 'c'],
  title: { zh: '停产（断电）期间仍在用电', en: 'Power used while ordered off' },
  category: 'electrical',
  cause: 'behaviour',
  provenance: recommended(
    '停产停业或责令断电的场所，任一相电流达到 0.5 A 并持续 60 s',
    'Where a site is suspended or ordered off, any phase at 0.5 A for 60 s',
  ),
  direction: 'high',
  variants: REGIMES_WITHOUT_POWER.map((regime) => ({
    when: { [SITE_REGIME]: regime },
    levels: [level('alarm', 0.5, 2, 60)],
    deadband: { absolute: 0.1 },
    offDelay: 60,
  })),
  also: [],
}

const power: Rule = {
  id: 'electricity.power',
  type: 'threshold',
  signal: 'power',
  metric: 'power',
  // The limit is of the whole circuit: a phase above it would be the same danger told twice.
  channels: [''],
  title: { zh: '超功率用电', en: 'Power above the limit' },
  category: 'electrical',
  cause: 'behaviour',
  provenance: recommended('功率限额的 90 %、100 %', '90 % and 100 % of the power limit'),
  direction: 'high',
  variants: [
    {
      levels: [level('warn', share('powerLimitW', 0.9), 4, 60), level('alarm', share('powerLimitW', 1), 3, 60)],
      deadband: { absolute: 0, fraction: 0.05 },
      offDelay: 60,
    },
  ],
  also: [],
}

const arcFault: Rule = {
  id: 'electricity.arc_fault',
  type: 'event',
  mode: 'momentary',
  signal: 'arc_fault',
  title: { zh: '故障电弧报警', en: 'Arc fault alarm' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(
    '电机电刷会误触发电弧探测，故初为严重，重复或伴随烟、热时升为紧急',
    'Brush motors fool arc detectors: severe at first, urgent when repeated or together with smoke or heat',
  ),
  raises: [{ event: 'arc_fault', priority: 2 }],
  returns: [],
  offDelay: 0,
  latch: true,
  repeats: [
    {
      event: 'arc_fault',
      atLeast: 3,
      window: 10 * MINUTE,
      priority: 1,
      title: { zh: '故障电弧反复出现', en: 'Repeated arc faults' },
    },
  ],
  corroboration: {
    by: [
      { ruleId: 'smoke.smoke', priority: 1 },
      { ruleId: 'smoke.heat_alarm', priority: 1 },
      { ruleId: 'charger.smoke', priority: 1 },
      // Hot, not warm: a cable or a port above the limit of its material.
      { ruleId: 'electricity.temperature', priority: 2 },
      { ruleId: 'charger.temperature', priority: 2 },
    ],
    within: 5 * MINUTE,
    priority: 1,
    title: { zh: '故障电弧伴随烟或热', en: 'Arc fault together with smoke or heat' },
  },
}

const breakerTripped: Rule = {
  id: 'electricity.breaker_tripped',
  type: 'event',
  mode: 'pair',
  signal: 'breaker_tripped',
  title: { zh: '断路器跳闸', en: 'Breaker tripped' },
  category: 'electrical',
  cause: 'condition',
  provenance: recommended(),
  raises: [
    { event: 'breaker_tripped', when: { critical: true }, priority: 2 },
    { event: 'breaker_tripped', priority: 3 },
    { event: 'short_circuit', when: { critical: true }, priority: 2, momentary: true },
    { event: 'short_circuit', priority: 3, momentary: true },
  ],
  returns: ['breaker_reclosed'],
  offDelay: 0,
  latch: false,
  // An RCD that protects people trips once by accident; twice in a day something leaks.
  repeats: [
    {
      event: 'breaker_tripped',
      data: { cause: 'residual' },
      when: { position: 'final', rcdMa: '*' },
      atLeast: 2,
      window: DAY,
      priority: 2,
      title: { zh: '剩余电流保护器反复跳闸', en: 'Repeated residual current trips' },
    },
  ],
}

export const ELECTRICITY_RULES: readonly Rule[] = [
  residualCurrent,
  temperature,
  temperatureRate,
  voltageHigh,
  voltageLow,
  phaseLoss,
  unbalance,
  current,
  notOff,
  power,
  arcFault,
  breakerTripped,
]
