import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactSample } from '../../ingest/redact.ts'

describe('samples of rejected payloads', () => {
  it('replaces personal fields and pictures by their length', () => {
    const sample = redactSample(
      Buffer.from(
        JSON.stringify({
          personName: '张三',
          idCard: '330825199001011234',
          pic: `data:image/jpeg;base64,${'A'.repeat(4000)}`,
          code: 7,
        }),
      ),
    )
    expect(sample).not.toContain('张三')
    expect(sample).not.toContain('330825')
    expect(sample).not.toContain('AAAA')
    expect(sample).toContain('"code":7')
  })

  it('shows bytes that are no text as hex', () => {
    expect(redactSample(Buffer.from([0xff, 0xfe, 0x00]))).toBe('fffe00')
  })

  it('is never longer than 1 KiB and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(Buffer.byteLength(redactSample(bytes))).toBeLessThanOrEqual(1024)
      }),
    )
    expect(Buffer.byteLength(redactSample(Buffer.from('安'.repeat(3000))))).toBeLessThanOrEqual(1024)
  })
})
