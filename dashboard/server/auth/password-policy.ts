// Which passwords are taken: long enough, and not among those that everybody tries first. No rules about symbols, which make
// passwords worse: NIST SP 800-63B-4 §3.1.1.
import { createRequire } from 'node:module'
import type * as Common from '@zxcvbn-ts/language-common'
import { invalid } from '../errors.ts'
import type { ApiError } from '../errors.ts'

/** The commonest first. */
const COMMONEST = 10_000
/** 20 MB that a hub needs only when a password is set, not to start. */
const load = createRequire(import.meta.url)
let common: ReadonlySet<string> | null = null
const isCommon = (plain: string): boolean => (common ??= commonest()).has(plain)

function commonest(): ReadonlySet<string> {
  const { dictionary } = load('@zxcvbn-ts/language-common') as typeof Common
  return new Set((dictionary['passwords-common'] as readonly string[]).slice(0, COMMONEST))
}

const OWN_NAMES = ['zhian', "zhi'an", '智安']

export type PasswordFault = 'password_common' | 'password_is_name'

const TEXTS: Readonly<Record<PasswordFault, string>> = {
  password_common:
    '这个密码太常见，会最先被试到。请换一个：几个不相干的词连在一起，12 个字符以上最好。 This password is among the first that are tried. Choose another: some unrelated words in a row, 12 characters or more.',
  password_is_name:
    '密码不能就是用户名或平台的名字，即使连写几遍或加数字。请换一个，12 个字符以上最好。 The password must not be the user name or the name of the hub, repeated or with digits. Choose another, 12 characters or more.',
}

/** null: it is taken. Its length is the contract's to judge. */
export function passwordFault(password: string, username: string): PasswordFault | null {
  const plain = password.normalize('NFKC').toLowerCase()
  const core = plain.replaceAll(/[\p{N}\p{P}\p{S}\p{Z}]/gu, '')
  const names = [
    username.toLowerCase().replaceAll(/[\p{N}\p{P}]/gu, ''),
    ...OWN_NAMES.map((name) => name.replace("'", '')),
  ]
  if (plain === username.toLowerCase() || names.some((name) => name !== '' && isRepeated(core, name)))
    return 'password_is_name'
  return isCommon(plain) ? 'password_common' : null
}

/** `zhianzhian` is nothing but `zhian`. */
const isRepeated = (text: string, name: string): boolean => text !== '' && text.replaceAll(name, '') === ''

export function refusePassword(password: string, username: string, path: string): void {
  const fault = passwordFault(password, username)
  if (fault !== null) throw faultError(fault, path)
}

function faultError(fault: PasswordFault, path: string): ApiError {
  const message = TEXTS[fault]
  return invalid([{ path, message }], message, fault)
}
