// The sheets and columns of a workbook of places: what each is called, what its cells may say, and an example row.
import * as z from 'zod'
import type { ImportSheet } from '../../../contract/http/places-import.ts'
import { usernameSchema } from '../../../contract/http/people.ts'
import { areaPathSchema, contactSchema } from '../../../contract/http/places.ts'
import { coordinatesSchema, daySchema } from '../../../contract/http/sites.ts'
import { nameSchema } from '../../../contract/http/common.ts'
import { ROLES } from '../../../contract/role-names.ts'
import type { Role } from '../../../contract/role-names.ts'
import type { Bilingual } from '../../../contract/rules.ts'
import { FACILITIES, REGIMES, RISK_GRADES, SITE_CATEGORIES } from '../../../contract/site-profile.ts'
import type { CellText } from './workbook.ts'

export interface Column {
  /** The English name, and what a problem names the column by. */
  readonly field: string
  readonly zh: string
  readonly required?: true
  /** The value, or why there is none. Called for cells that are not empty. */
  readonly read: (cell: string) => { readonly value: unknown } | { readonly wrong: string }
  readonly example: string
  readonly width?: number
}

export interface SheetOfPlaces {
  readonly key: ImportSheet
  readonly zh: string
  readonly columns: readonly Column[]
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  admin: '管理员',
  duty: '值班员',
  leader: '带班领导',
  town: '镇街值班员',
  grid: '网格员',
  manager: '出租房管理员',
  landlord: '房东',
  installer: '安装员',
  auditor: '审计员',
  wall: '大屏',
}

const checked =
  (schema: z.ZodType, wrong: string): Column['read'] =>
  (cell) => {
    const parsed = schema.safeParse(cell)
    return parsed.success ? { value: parsed.data } : { wrong }
  }

const numeric = (schema: z.ZodType, wrong: string): Column['read'] => {
  const read = checked(schema, wrong)
  return (cell) => (Number.isFinite(Number(cell)) ? checkedNumber(schema, Number(cell), wrong) : read(cell))
}
function checkedNumber(schema: z.ZodType, value: number, wrong: string): ReturnType<Column['read']> {
  const parsed = schema.safeParse(value)
  return parsed.success ? { value: parsed.data } : { wrong }
}

/** A key, or its words in either language; `红` for `红（重大风险）`. */
function wordOf(words: Readonly<Record<string, Bilingual>>, cell: string): string | undefined {
  const wanted = cell.toLowerCase()
  const short = (text: string) => text.replace(/\s*[（(].*$/u, '').toLowerCase()
  return Object.keys(words).find((key) => {
    const { zh = '', en = '' } = words[key] ?? {}
    return [key.toLowerCase(), zh.toLowerCase(), en.toLowerCase(), short(zh), short(en)].includes(wanted)
  })
}

const oneOf = (words: Readonly<Record<string, Bilingual>>, number = false): Column['read'] => {
  const choices = Object.values(words)
    .map(({ zh }) => zh)
    .join('、')
  return (cell) => {
    const key = wordOf(words, cell)
    if (key === undefined) return { wrong: `请填其中之一：${choices}。 One of: ${Object.keys(words).join(', ')}.` }
    return { value: number ? Number(key) : key }
  }
}

const listOf =
  (read: Column['read']): Column['read'] =>
  (cell) => {
    const values: unknown[] = []
    for (const part of cell.split(/[;；]/u)) {
      if (part.trim() === '') continue
      const one = read(part.trim())
      if ('wrong' in one) return one
      values.push(one.value)
    }
    return { value: values }
  }

const roleWords = Object.fromEntries(ROLES.map((role) => [role, { zh: ROLE_WORDS[role], en: role }]))
const name = checked(nameSchema, '请填写名称，不超过 120 字。 A name of at most 120 characters.')
const path = checked(
  areaPathSchema,
  '从大到小用 / 分开，最多 6 级，如 示范县/青禾街道/槐荫社区。 Names from large to small separated by /, at most six.',
)
const day = checked(daySchema, '请填日期，如 2026-06-01。 A day such as 2026-06-01.')
const phone = checked(contactSchema.shape.phone, '电话只含数字、空格、- 和 +。 Digits, spaces, - and + only.')
const text = (max: number) => checked(z.string().max(max), `不超过 ${max} 字。 At most ${max} characters.`)
const floor = z
  .number()
  .int()
  .min(-9)
  .max(200)
  .refine((value) => value !== 0)

export const SHEETS_OF_PLACES: readonly SheetOfPlaces[] = [
  {
    key: 'areas',
    zh: '区域',
    columns: [
      { field: 'area', zh: '区域', required: true, read: path, example: '示范县/青禾街道/槐荫社区', width: 36 },
    ],
  },
  {
    key: 'sites',
    zh: '场所',
    columns: [
      { field: 'area', zh: '区域', required: true, read: path, example: '示范县/青禾街道/槐荫社区', width: 32 },
      { field: 'site', zh: '场所', required: true, read: name, example: '槐荫 12 号', width: 24 },
      { field: 'category', zh: '类别', read: oneOf(SITE_CATEGORIES), example: '居住出租房屋' },
      { field: 'risk', zh: '风险等级', read: oneOf(RISK_GRADES, true), example: '黄' },
      { field: 'regime', zh: '监管状态', read: oneOf(REGIMES), example: '正常' },
      { field: 'regime_since', zh: '监管起', read: day, example: '' },
      { field: 'regime_until', zh: '监管至', read: day, example: '' },
      { field: 'regime_basis', zh: '监管依据', read: text(120), example: '' },
      { field: 'responsible', zh: '责任人', read: name, example: '钱守仁' },
      { field: 'responsible_phone', zh: '责任人电话', read: phone, example: '138-0000-0021', width: 18 },
      { field: 'contact', zh: '联系人', read: name, example: '李阿姨' },
      { field: 'contact_phone', zh: '联系人电话', read: phone, example: '138-0000-0012', width: 18 },
      { field: 'contact_role', zh: '联系人身份', read: text(40), example: '房东' },
      {
        field: 'lat',
        zh: '纬度',
        read: numeric(coordinatesSchema.shape.lat, '纬度 −90 至 90。 Latitude −90 to 90.'),
        example: '29.0312',
      },
      {
        field: 'lon',
        zh: '经度',
        read: numeric(coordinatesSchema.shape.lon, '经度 −180 至 180。 Longitude −180 to 180.'),
        example: '119.1723',
      },
      { field: 'insurer', zh: '保险公司', read: name, example: '' },
      { field: 'policy', zh: '保单号', read: text(80), example: '' },
      { field: 'insured_until', zh: '保险到期', read: day, example: '' },
      { field: 'facilities', zh: '用途', read: listOf(oneOf(FACILITIES)), example: '使用燃气' },
    ],
  },
  {
    key: 'rooms',
    zh: '房间',
    columns: [
      { field: 'area', zh: '区域', required: true, read: path, example: '示范县/青禾街道/槐荫社区', width: 32 },
      { field: 'site', zh: '场所', required: true, read: name, example: '槐荫 12 号', width: 24 },
      { field: 'building', zh: '楼栋', read: text(40), example: '' },
      {
        field: 'floor',
        zh: '楼层',
        required: true,
        read: numeric(floor, '楼层为 −9 至 200 的整数，没有 0 层。 A whole number −9 to 200, not 0.'),
        example: '2',
      },
      {
        field: 'room',
        zh: '房号',
        required: true,
        read: checked(z.string().min(1).max(40), '房号不超过 40 字。 At most 40 characters.'),
        example: '203',
      },
      {
        field: 'area_m2',
        zh: '面积',
        read: numeric(z.number().positive().max(10_000), '面积为平方米数。 Square metres.'),
        example: '18',
      },
      {
        field: 'power_limit_w',
        zh: '功率限额',
        read: numeric(z.number().int().min(1).max(1_000_000), '功率限额为瓦数。 Watts.'),
        example: '3000',
      },
      {
        field: 'max_people',
        zh: '人数上限',
        read: numeric(z.number().int().min(1).max(100), '人数为 1 至 100 的整数。 1 to 100.'),
        example: '2',
      },
    ],
  },
  {
    key: 'people',
    zh: '人员',
    columns: [
      {
        field: 'username',
        zh: '用户名',
        required: true,
        read: checked(usernameSchema, '用户名为小写字母、数字、. _ -，2 至 32 位。 a–z, 0–9, . _ -, 2 to 32.'),
        example: 'li.ayi',
      },
      { field: 'name', zh: '姓名', required: true, read: name, example: '李阿姨' },
      { field: 'role', zh: '角色', required: true, read: oneOf(roleWords), example: '出租房管理员' },
      { field: 'areas', zh: '管辖区域', read: listOf(path), example: '', width: 32 },
      {
        field: 'sites',
        zh: '管辖场所',
        read: listOf(
          checked(
            z.string().regex(/^[^/]+(?:\/[^/]+)+$/u),
            '写成 区域/场所，多个用 ; 分开。 area/site, several separated by ;',
          ),
        ),
        example: '示范县/青禾街道/槐荫社区/槐荫 12 号',
        width: 40,
      },
    ],
  },
]

/** What a cell says as a text; numbers as people write them. */
export const textOfCell = (cell: CellText): string => (cell === null ? '' : String(cell).trim())
