// What is said of a site: its category, its risk, the regime it is under, what burns and charges there. One table each; the
// keys are public and never renamed.
import type { Bilingual } from './rules.ts'

export const SITE_CATEGORIES = {
  rental_house: { zh: '居住出租房屋', en: 'Rental house' },
  enterprise: { zh: '企业', en: 'Enterprise' },
  catering: { zh: '餐饮', en: 'Catering' },
  small_premises: { zh: '九小场所', en: 'Small premises' },
  public_place: { zh: '公共场所', en: 'Public place' },
} as const satisfies Record<string, Bilingual>
export type SiteCategory = keyof typeof SITE_CATEGORIES
export const SITE_CATEGORY_NAMES = Object.keys(SITE_CATEGORIES) as [SiteCategory, ...SiteCategory[]]

/** 红橙黄蓝, 1 the worst: a grade of the place, no alarm. */
export const RISK_GRADES = {
  1: { zh: '红（重大风险）', en: 'Red (major risk)' },
  2: { zh: '橙（较大风险）', en: 'Orange (considerable risk)' },
  3: { zh: '黄（一般风险）', en: 'Yellow (moderate risk)' },
  4: { zh: '蓝（低风险）', en: 'Blue (low risk)' },
} as const satisfies Record<number, Bilingual>
export type RiskGrade = keyof typeof RISK_GRADES

export const REGIMES = {
  normal: { zh: '正常', en: 'Normal' },
  stationed: { zh: '派驻盯守', en: 'Inspector stationed' },
  suspended: { zh: '停产停业', en: 'Suspended' },
  power_cut_ordered: { zh: '责令断电', en: 'Power cut ordered' },
} as const satisfies Record<string, Bilingual>
export type Regime = keyof typeof REGIMES
export const REGIME_NAMES = Object.keys(REGIMES) as [Regime, ...Regime[]]

/** Under these no current may flow: one that does is an alarm of its own (`electricity.not_off`). */
export const REGIMES_WITHOUT_POWER = ['suspended', 'power_cut_ordered'] as const satisfies readonly Regime[]

/** By this name a rule's `when` asks for the regime of the device's site. */
export const SITE_REGIME = 'site.regime'

/** What is there that asks for a device of its own. */
export const FACILITIES = {
  gas: { zh: '使用燃气', en: 'Uses gas' },
  ebike_charging: { zh: '电动自行车充电', en: 'E-bike charging' },
} as const satisfies Record<string, Bilingual>
export type Facility = keyof typeof FACILITIES
export const FACILITY_NAMES = Object.keys(FACILITIES) as [Facility, ...Facility[]]
