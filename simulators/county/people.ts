// Who looks after what in the demonstration county. Names and telephone numbers are invented.
import type { Contact } from '../../contract/http/places.ts'
import type { Role } from '../../contract/roles.ts'

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

/** Somebody of the demonstration who signs in. A manager sees the houses in their care and nothing else. */
export interface Account {
  readonly username: string
  readonly name: string
  readonly role: Role
  /** What they are called at work. */
  readonly title: { readonly zh: string; readonly en: string }
  readonly houses: readonly number[]
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** Who is there from the start. */
export const ADMIN: Account = {
  username: 'admin',
  name: '管理员',
  role: 'admin',
  title: { zh: '管理员', en: 'administrator' },
  houses: [],
}

/** Those who are added. */
export const ACCOUNTS: readonly Account[] = [
  {
    username: 'zhou',
    name: PEOPLE.duty.name,
    role: 'duty',
    title: { zh: '值班员', en: 'duty officer' },
    houses: [],
  },
  {
    username: 'wang',
    name: PEOPLE.wang.name,
    role: 'manager',
    title: { zh: '出租房管理员', en: 'rental-housing manager' },
    houses: range(1, 60),
  },
  {
    username: 'zheng',
    name: PEOPLE.zheng.name,
    role: 'manager',
    title: { zh: '出租房管理员', en: 'rental-housing manager' },
    houses: range(61, 112),
  },
]
