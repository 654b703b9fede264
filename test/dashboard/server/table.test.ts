import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTable, readTable } from '../../../dashboard/server/import/csv.ts'

const issuesOf = (text: string) => {
  const table = readTable(text)
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
  ])('says where: %s', (_what, text, expected) => {
    expect(issuesOf(text)).toEqual(expected)
  })

  it.each(['\n', '\r\n', '\r'])('counts physical lines with %j, quoted line breaks and blank lines included', (eol) => {
    const text = ['id,kind,name', `A,gas,"x${eol}y${eol}z"`, '', 'B,bad,x', `"C${eol}",gas,"x"`, 'D,bad,y', ''].join(
      eol,
    )
    expect(issuesOf(text)).toEqual([
      [6, 'kind'],
      [9, 'kind'],
    ])
  })

  it('reads UTF-8 with and without a byte order mark', () => {
    const text = '\uFEFFid,kind,name\nA,gas,厨房\n'
    expect(readTable(decodeTable(Buffer.from(text)))).toEqual(readTable(decodeTable(Buffer.from(text.slice(1)))))
    expect(readTable(decodeTable(Buffer.from(text)))).toMatchObject({
      ok: true,
      rows: [{ line: 2, id: 'A', name: '厨房' }],
    })
  })

  it('leaves out empty cells and keeps spaces around names out', () => {
    expect(readTable('id,kind,name,serial,power\n A , gas , 厨房 ,,\n')).toEqual({
      ok: true,
      rows: [{ line: 2, id: 'A', kind: 'gas', name: '厨房', attributes: {} }],
    })
  })

  it('never throws, and says at most 50 things', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .array(fc.constantFrom('id', 'kind', 'name', 'gas', ',', '"', '\n', '\r\n', 'A', '\uFEFF', '县/镇'))
            .map((parts) => parts.join('')),
        ),
        (text) => {
          for (const table of [readTable(text), readTable(`id,kind,name\n${text}`)])
            if (!table.ok) {
              expect(table.issues.length).toBeGreaterThan(0)
              expect(table.issues.length).toBeLessThanOrEqual(50)
              expect(table.issues.every(({ line }) => line >= 1)).toBe(true)
            }
        },
      ),
    )
  })
})
