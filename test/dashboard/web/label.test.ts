import { describe, expect, it } from 'vitest'
import { labelText, readLabel } from '../../../dashboard/web/src/install/label.ts'

describe('the code on a device’s label', () => {
  it('says what it was given, whatever the hub’s address', () => {
    for (const origin of ['https://zhian.example', 'http://10.0.0.2:8080'])
      for (const kind of ['gas', null] as const)
        expect(readLabel(labelText(origin, { id: 'GAS_7-7', kind }))).toEqual({ id: 'GAS_7-7', kind })
  })
  it('may be the bare id, as makers print it', () => {
    expect(readLabel(' 860000000000001\n')).toEqual({ id: '860000000000001', kind: null })
  })
  it('is not any other code', () => {
    for (const text of [
      '',
      'hub',
      'a b',
      'https://pay.example/?x=1',
      'https://zhian.example/install?device=hub',
      'https://zhian.example/install?device=a%2Fb',
      'javascript:alert(1)?device=X1',
      'x'.repeat(65),
    ])
      expect(readLabel(text), text).toBeNull()
    expect(readLabel('https://zhian.example/install?device=X1&kind=bomb')).toEqual({ id: 'X1', kind: null })
  })
})
