// The demonstration county's map: 15 towns, 150 villages, every name invented.
import { seedOf, uniform } from '../random.ts'

export const COUNTY = '示范县'
export const TOWNS = [
  '青禾街道',
  '明月街道',
  '望山街道',
  '听泉街道',
  '柳岸镇',
  '石榴镇',
  '竹海镇',
  '白鹭镇',
  '稻香镇',
  '茶园镇',
  '桂花镇',
  '桑田镇',
  '松风乡',
  '梅岭乡',
  '云海乡',
] as const
export type Town = (typeof TOWNS)[number]

/** Where every rental house stands: the pilot community. */
export const PILOT_TOWN: Town = '青禾街道'
export const PILOT = '槐荫社区'
export const PILOT_AREA = `${COUNTY}/${PILOT_TOWN}/${PILOT}`

const VILLAGES_A_TOWN = 10
const FIRST = ['东', '西', '南', '北', '上', '下', '大', '新', '长', '青'] as const
const SECOND = ['桥', '塘', '井', '坪', '湾', '垅', '岗', '田', '坊', '溪', '林', '堰', '渡', '冲', '畈'] as const

/** The villages of a town, the pilot community first where it belongs. */
export function villagesOf(town: Town): string[] {
  const index = TOWNS.indexOf(town)
  const isUrban = town.endsWith('街道')
  const names = FIRST.map((first, n) => `${first}${SECOND[(index + n * 4) % SECOND.length]}${isUrban ? '社区' : '村'}`)
  return town === PILOT_TOWN ? [PILOT, ...names.slice(0, VILLAGES_A_TOWN - 1)] : names
}

/** Two that the story of the demonstration needs where it plays. */
const TOWN_OF: Readonly<Record<string, Town>> = { 恒丰粮油: '柳岸镇', 广利五金: '石榴镇' }

/** `示范县/柳岸镇/东桥村`: where the n-th business stands; towns in turn, so that each has its share. */
export function areaOfBusiness(seed: number, name: string, n: number): string {
  const town = TOWN_OF[name] ?? (TOWNS[n % TOWNS.length] as Town)
  const villages = villagesOf(town).filter((village) => village !== PILOT)
  return `${COUNTY}/${town}/${villages[Math.floor(uniform(seedOf(seed, 'village'), n) * villages.length)]}`
}

/** Every village as a path, large to small. */
export const allVillages = (): string[] =>
  TOWNS.flatMap((town) => villagesOf(town).map((village) => `${COUNTY}/${town}/${village}`))

const TRADE_NAMES = [
  '永顺',
  '广利',
  '恒丰',
  '金穗',
  '宏泰',
  '嘉禾',
  '顺达',
  '祥云',
  '瑞和',
  '兴隆',
  '聚源',
  '百川',
  '鸿运',
  '万福',
  '同心',
  '明辉',
  '长青',
  '四海',
  '安泰',
  '泰和',
] as const
const TRADES = {
  catering: ['酒家', '面馆', '食府', '火锅店', '饭庄', '小炒'],
  enterprise: [
    '粮油',
    '五金',
    '塑料',
    '纺织',
    '包装',
    '木业',
    '建材',
    '食品',
    '机械',
    '印刷',
    '家具',
    '电器',
    '鞋业',
    '农机',
    '茶业',
    '仓储',
  ],
  small: ['便利店', '诊所', '网吧', '旅馆', '浴室', '理发店', '药店', '托管班', '棋牌室', '修理铺', '快递站'],
} as const
export type Trade = keyof typeof TRADES

/** `恒丰粮油`: the n-th business of a trade; unique within its trade while n stays below 20 × its words. */
export function businessName(trade: Trade, n: number): string {
  const words = TRADES[trade]
  const at = n % TRADE_NAMES.length
  return `${TRADE_NAMES[at]}${words[((n - at) / TRADE_NAMES.length + at) % words.length]}`
}
