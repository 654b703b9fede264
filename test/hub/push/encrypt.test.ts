import { createECDH, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encrypted } from '../../../hub/push/encrypt.ts'
import { decrypted } from '../../support/push-service.ts'

const bytes = (text: string) => Buffer.from(text, 'base64url')

describe('the encryption of a message', () => {
  it('gives the octets of RFC 8291, appendix A', () => {
    const sealed = encrypted(
      Buffer.from('When I grow up, I want to be a watermelon'),
      {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
      { privateKey: bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'), salt: bytes('DGv6ra1nlYgDCS1FRnbzlw') },
    )
    expect(sealed.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y' +
        'l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    )
  })

  it('is read by the browser it is for, whatever the text, and by no other', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 900, unit: 'grapheme' }), (text) => {
        const [ecdh, other] = [createECDH('prime256v1'), createECDH('prime256v1')]
        const [p256dh, auth] = [ecdh.generateKeys('base64url'), randomBytes(16)]
        other.generateKeys()
        const sealed = encrypted(Buffer.from(text), { p256dh, auth: auth.toString('base64url') })
        expect(decrypted(sealed, { ecdh, auth }).toString()).toBe(Buffer.from(text).toString())
        expect(() => decrypted(sealed, { ecdh: other, auth })).toThrow()
        expect(() => decrypted(sealed, { ecdh, auth: randomBytes(16) })).toThrow()
      }),
      { numRuns: 40 },
    )
  })

  it('refuses a key that is no point, and a text too long for one record', () => {
    const auth = 'A'.repeat(22)
    expect(() => encrypted(Buffer.from('x'), { p256dh: 'B'.repeat(87), auth })).toThrow()
    const p256dh = createECDH('prime256v1').generateKeys('base64url')
    expect(() => encrypted(Buffer.alloc(4_080), { p256dh, auth })).toThrow(/one record/)
    expect(encrypted(Buffer.alloc(4_079), { p256dh, auth }).length).toBe(86 + 4_096)
  })
})
