// An address as a code that a phone scans: rows of 0 (light) and 1 (dark), and the same for a terminal.
import { encode, renderUnicodeCompact } from 'uqr'

/** Light modules round the code, as the standard asks: ISO/IEC 18004 §6.3.8. */
const QUIET_ZONE = 4

export const codeOf = (text: string): string[] =>
  encode(text, { ecc: 'M', border: QUIET_ZONE }).data.map((row) => row.map((dark) => (dark ? '1' : '0')).join(''))

/** White and black whatever the terminal's colours are: phones do not read a code inverted. */
const WHITE_ON_BLACK = '\u001b[97;40m'
const RESET = '\u001b[0m'

export const codeLines = (text: string): string[] =>
  renderUnicodeCompact(text, { ecc: 'M', border: 2 })
    .split('\n')
    .map((line) => WHITE_ON_BLACK + line + RESET)
