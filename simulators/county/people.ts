// Who looks after what in the demonstration county. Names and telephone numbers are invented.
import type { Contact } from '../../contract/http/places.ts'
import type { Role } from '../../contract/role-names.ts'
import { COUNTY, PILOT_AREA, PILOT_TOWN } from './places.ts'

/** 138-0000-00xx: no such number is given out. */
const phone = (n: number): string => `138-0000-00${String(n).padStart(2, '0')}`

const person = (name: string, role: string, n: number): Contact => ({ name, role, phone: phone(n) })

export const PEOPLE = {
  duty: person('周晓岚', '值班员', 1),
  secondDuty: person('何一鸣', '值班员', 2),
  leader: person('陈立', '带班', 3),
  townDuty: person('沈青', '青禾街道值班', 4),
  gridWorker: person('吴师傅', '网格员', 5),
  wang: person('王大姐', '出租房管理员', 6),
  zheng: person('老郑', '出租房管理员', 7),
  village: person('槐荫社区', '村自管', 8),
  landlady: person('李阿姨', '房东', 9),
  installer: person('小徐', '安装员', 10),
} as const satisfies Record<string, Contact>

/** Rental houses by number: 60, 52 and 40 of the 152. */
const CARE = [
  { from: 1, to: 60, by: PEOPLE.wang },
  { from: 61, to: 112, by: PEOPLE.zheng },
  { from: 113, to: 152, by: PEOPLE.village },
] as const

export const caretakerOf = (house: number): Contact =>
  CARE.find(({ from, to }) => house >= from && house <= to)?.by ?? PEOPLE.village

/** Somebody of the demonstration who signs in. Who has houses or an area in their care sees those and nothing else. */
export interface Account {
  readonly username: string
  readonly name: string
  readonly role: Role
  /** What they are called at work. */
  readonly title: { readonly zh: string; readonly en: string }
  readonly houses: readonly number[]
  /** `县/镇/村`. */
  readonly area: string | null
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)

const account = (
  username: string,
  { name }: Pick<Contact, 'name'>,
  role: Role,
  title: Account['title'],
  care: { readonly houses?: readonly number[]; readonly area?: string } = {},
): Account => ({ username, name, role, title, houses: care.houses ?? [], area: care.area ?? null })

/** Who is there from the start. */
export const ADMIN = account('admin', { name: '管理员' }, 'admin', { zh: '管理员', en: 'administrator' })

const CARETAKER = { zh: '出租房管理员', en: 'rental-housing manager' }

/** Those who are added: one for every role, and more where the story needs them. */
export const ACCOUNTS: readonly Account[] = [
  account('zhou', PEOPLE.duty, 'duty', { zh: '值班员', en: 'duty officer' }),
  account('he', PEOPLE.secondDuty, 'duty', { zh: '值班员', en: 'duty officer' }),
  account('chen', PEOPLE.leader, 'leader', { zh: '带班领导', en: 'leader of the shift' }),
  account(
    'shen',
    PEOPLE.townDuty,
    'town',
    { zh: '青禾街道值班员', en: 'duty officer of Qinghe' },
    { area: `${COUNTY}/${PILOT_TOWN}` },
  ),
  account('wang', PEOPLE.wang, 'manager', CARETAKER, { houses: range(1, 60) }),
  account('zheng', PEOPLE.zheng, 'manager', CARETAKER, { houses: range(61, 112) }),
  account('cun', PEOPLE.village, 'manager', { zh: '村自管', en: 'run by the village' }, { houses: range(113, 152) }),
  account(
    'wu',
    PEOPLE.gridWorker,
    'grid',
    { zh: '槐荫社区网格员', en: 'grid officer of Huaiyin' },
    { area: PILOT_AREA },
  ),
  account(
    'li',
    PEOPLE.landlady,
    'landlord',
    { zh: '房东（槐荫 12 号）', en: 'landlady (Huaiyin 12)' },
    { houses: [12] },
  ),
  account('xu', PEOPLE.installer, 'installer', { zh: '安装员', en: 'installer' }, { area: COUNTY }),
  account('daping', { name: '指挥大屏' }, 'wall', { zh: '指挥中心', en: 'command centre' }),
  account('shenji', { name: '孙敏' }, 'auditor', { zh: '审计员', en: 'auditor' }),
]
