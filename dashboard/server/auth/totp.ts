// Codes of an authenticator (RFC 6238): six digits, a new one every 30 s, by SHA-1 as every authenticator has it. Pure: time is
// an argument.
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as Otpauth from 'otpauth'
import { RECOVERY_CODES } from '../../../contract/http/sign-in.ts'

const PERIOD_S = 30
/** A telephone's clock may be off by a step, and a code may be typed as it changes. */
const WINDOW = 1
/** Plain letters: others take six signs each in the picture, which a telephone must still read. */
const ISSUER = 'Zhian'

/** Loaded when somebody has a second factor: the hub starts without it. */
const load = createRequire(import.meta.url)
const otpauth = (): typeof Otpauth => load('otpauth') as typeof Otpauth

function totpOf(secret: string, label = ''): Otpauth.TOTP {
  const { Secret, TOTP } = otpauth()
  return new TOTP({
    issuer: ISSUER,
    label,
    algorithm: 'SHA1',
    digits: 6,
    period: PERIOD_S,
    secret: Secret.fromBase32(secret),
  })
}

/** 160 random bits, base32, as RFC 4226 §4 asks. */
export const newTotpSecret = (): string => new (otpauth().Secret)({ size: 20 }).base32

/** What the authenticator reads from the picture. */
export const totpUri = (secret: string, username: string): string => totpOf(secret, username).toString()

/** The step that a code is of; null: of none that counts now. */
export function stepOfCode(secret: string, code: string, now: number): number | null {
  const digits = code.replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(digits)) return null
  const delta = totpOf(secret).validate({ token: digits, timestamp: now, window: WINDOW })
  return delta === null ? null : Math.floor(now / 1000 / PERIOD_S) + delta
}

/** Letters and digits that nobody mistakes for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'
const LENGTH = 16

/** `k7mq-…`: 79 random bits in groups of four. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    let text = ''
    while (text.length < LENGTH)
      for (const byte of randomBytes(LENGTH)) {
        // Bytes beyond a whole number of alphabets would favour its beginning.
        const letter = byte < 248 ? ALPHABET[byte % ALPHABET.length] : undefined
        if (letter !== undefined && text.length < LENGTH) text += letter
      }
    return text.replaceAll(/(.{4})(?!$)/g, '$1-')
  })
}

/** As it was made, whatever way it was typed; null: it does not look like one. */
export function recoveryCodeOf(typed: string): string | null {
  const text = typed.toLowerCase().replaceAll(/[\s-]/g, '')
  return /^[a-z2-9]{16}$/.test(text) ? text.replaceAll(/(.{4})(?!$)/g, '$1-') : null
}
