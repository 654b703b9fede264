// Workbooks for tests: written as a spreadsheet would, or by hand where a spreadsheet would not.
import { crc32, deflateRawSync } from 'node:zlib'
import writeXlsxFile from 'write-excel-file/node'

export type Cells = readonly (readonly (string | number | Date | null)[])[]

export const workbook = (sheets: Readonly<Record<string, Cells>>): Promise<Buffer> =>
  writeXlsxFile(
    Object.entries(sheets).map(([sheet, rows]) => ({
      sheet,
      dateFormat: 'yyyy-mm-dd',
      data: rows.map((row) => row.map((value) => (value === null ? null : { value }))),
    })),
  ).toBuffer()

/** A ZIP of these parts; `says`: what it claims a part comes to when it is unpacked. */
export function zipOf(parts: Readonly<Record<string, Buffer>>, says: Readonly<Record<string, number>> = {}): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(parts)) {
    const packed = deflateRawSync(content)
    const title = Buffer.from(name)
    const fixed = Buffer.alloc(26)
    fixed.writeUInt16LE(20, 0)
    fixed.writeUInt16LE(8, 4)
    fixed.writeUInt32LE(crc32(content), 10)
    fixed.writeUInt32LE(packed.length, 14)
    fixed.writeUInt32LE(says[name] ?? content.length, 18)
    fixed.writeUInt16LE(title.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fixed, title, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fixed, tail, title]))
    locals.push(local)
    at += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end])
}

/** 15 towns, 150 villages, 2,000 sites, 6,000 rooms, 200 people. */
export function county(size = { towns: 15, villages: 150, sites: 2_000, rooms: 6_000, people: 200 }) {
  const town = (i: number) => `示范县/${i % size.towns}号镇`
  const village = (i: number) => `${town(i)}/${i}村`
  const site = (i: number) => `出租房 ${i}`
  const range = (n: number) => Array.from({ length: n }, (_, i) => i)
  return {
    区域: [['区域'], ...range(size.villages).map((i) => [village(i)])],
    场所: [
      ['区域', '场所', '类别', '风险等级', '联系人', '联系人电话', '纬度', '经度', '用途'],
      ...range(size.sites).map((i) => [
        village(i % size.villages),
        site(i),
        '居住出租房屋',
        (i % 4) + 1,
        `房东${i}`,
        `138-0000-${String(i).padStart(4, '0')}`,
        29 + i / 100_000,
        119,
        i % 2 === 0 ? '使用燃气' : null,
      ]),
    ],
    房间: [
      ['区域', '场所', '楼栋', '楼层', '房号', '面积', '功率限额', '人数上限'],
      ...range(size.rooms).map((i) => [
        village((i % size.sites) % size.villages),
        site(i % size.sites),
        null,
        Math.floor(i / size.sites) + 1,
        `${Math.floor(i / size.sites) + 1}01`,
        18,
        3000,
        2,
      ]),
    ],
    人员: [
      ['用户名', '姓名', '角色', '管辖区域'],
      ...range(size.people).map((i) => [`grid.${i}`, `网格员${i}`, '网格员', village(i % size.villages)]),
    ],
  } satisfies Record<string, Cells>
}
