import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTable, readTable } from '../../../dashboard/server/import/csv.ts'

const issuesOf = async (text: string) => {
  const table = await readTable(text)
  return table.ok ? [] : table.issues.map(({ line, field }) => [line, field])
}

describe('table of devices', () => {
  it.each([
    [
      'an empty file',
      '',
      [
        [1, 'id'],
        [1, 'kind'],
        [1, 'name'],
      ],
    ],
    ['a header alone', 'id,kind,name\n', [[1, '']]],
    ['a missing column', 'id,name\nA,x\n', [[1, 'kind']]],
    ['a column twice', 'id,kind,name,id\nA,gas,x,A\n', [[1, 'id']]],
    ['an unknown column', 'id,kind,name,colour\nA,gas,x,red\n', [[1, 'colour']]],
    ['a prototype as a column', 'id,kind,name,__proto__\nA,gas,x,y\n', [[1, '__proto__']]],
    ['a prototype as a kind', 'id,kind,name\nA,constructor,x\n', [[2, 'kind']]],
    ['an id twice', 'id,kind,name\nA,gas,x\nA,gas,y\n', [[3, 'id']]],
    ['too many cells', 'id,kind,name\nA,gas,x,y\n', [[2, '']]],
    ['too few cells', 'id,kind,name\nA,gas\n', [[2, 'name']]],
    ['a quote that never closes', 'id,kind,name\nA,gas,x\nB,gas,"y\nC,gas,z\n', [[3, '']]],
    ['text after a quote', 'id,kind,name\nA,gas,"x"y\n', [[2, '']]],
    ['half a contact', 'id,kind,name,area,contact_name,contact_phone\nA,gas,x,县,李四,\n', [[2, 'contact_phone']]],
    ['a site without an area', 'id,kind,name,site\nA,gas,x,某院\n', [[2, 'area']]],
    ['an attribute of another kind', 'id,kind,name,ratedCurrentA\nA,gas,x,63\n', [[2, 'ratedCurrentA']]],
    ['an attribute that is no number', 'id,kind,name,ratedCurrentA\nA,electricity,x,many\n', [[2, 'ratedCurrentA']]],
  ])('says where: %s', async (_what, text, expected) => {
    expect(await issuesOf(text)).toEqual(expected)
  })

  it.each(['\n', '\r\n', '\r'])(
    'counts physical lines with %j, quoted line breaks and blank lines included',
    async (eol) => {
      const text = ['id,kind,name', `A,gas,"x${eol}y${eol}z"`, '', 'B,bad,x', `"C${eol}",gas,"x"`, 'D,bad,y', ''].join(
        eol,
      )
      expect(await issuesOf(text)).toEqual([
        [6, 'kind'],
        [9, 'kind'],
      ])
    },
  )

  it('reads UTF-8 with and without a byte order mark', async () => {
    const text = '\uFEFFid,kind,name\nA,gas,厨房\n'
    const marked = await readTable(decodeTable(Buffer.from(text)))
    expect(marked).toEqual(await readTable(decodeTable(Buffer.from(text.slice(1)))))
    expect(marked).toMatchObject({
      ok: true,
      rows: [{ line: 2, id: 'A', name: '厨房' }],
    })
  })

  it('leaves out empty cells and keeps spaces around names out', async () => {
    expect(await readTable('id,kind,name,serial,power\n A , gas , 厨房 ,,\n')).toEqual({
      ok: true,
      rows: [{ line: 2, id: 'A', kind: 'gas', name: '厨房', attributes: {} }],
    })
  })

  it('never throws, and says at most 50 things', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .array(fc.constantFrom('id', 'kind', 'name', 'gas', ',', '"', '\n', '\r\n', 'A', '\uFEFF', '县/镇'))
            .map((parts) => parts.join('')),
        ),
        async (text) => {
          for (const table of [await readTable(text), await readTable(`id,kind,name\n${text}`)])
            if (!table.ok) {
              expect(table.issues.length).toBeGreaterThan(0)
              expect(table.issues.length).toBeLessThanOrEqual(50)
              expect(table.issues.every(({ line }) => line >= 1)).toBe(true)
            }
        },
      ),
    )
  })

  it('lets everything else have its turn while it reads a large table', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `D-${i},gas,"${i} 号\r\n厨房",示范县/某镇,某院 ${i}`)
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    const table = await readTable(`id,kind,name,area,site\r\n${rows.join('\r\n')}`)
    clearInterval(timer)
    expect(table).toMatchObject({ ok: true })
    if (table.ok)
      expect(table.rows.at(-1)).toMatchObject({ line: 2 + 2 * 19_999, id: 'D-19999', name: '19999 号 厨房' })
    expect(turns).toBeGreaterThan(50)
  })
})
