// Whether a command may be asked of a device at all, before anything is written or sent. Pure.
import { HARMLESS_COMMANDS } from '../../contract/http/commands.ts'
import type { CommandArgs, CommandRefusal, HarmlessCommand } from '../../contract/http/commands.ts'
import type { KindCommand } from '../../contract/kinds/kind.ts'
import { commandOf } from '../../contract/kinds/table.ts'
import type { KindName } from '../../contract/kinds/kind.ts'
import type { DeviceProfile } from '../alarms/types.ts'

export type Line = 'listening' | 'connected' | 'away'

export interface Circumstances {
  readonly profile: Pick<DeviceProfile, 'kind' | 'lifecycle' | 'attributes'>
  /** Whether the device, or the gateway that speaks for it, is there to hear it. */
  readonly line: Line
  /** One of the same name has not ended. */
  readonly underWay: boolean
}

export type Judgement =
  /** `args`: with what was left out filled in. */
  | { readonly ok: true; readonly command: KindCommand; readonly args: CommandArgs }
  | { readonly ok: false; readonly refusal: CommandRefusal; readonly wrongArgs: readonly string[] }

export function judgeCommand(name: string, given: CommandArgs, circumstances: Circumstances): Judgement {
  const { profile, line, underWay } = circumstances
  const refuse = (refusal: CommandRefusal, wrong: readonly string[] = []): Judgement => ({
    ok: false,
    refusal,
    wrongArgs: wrong,
  })
  const command = profile.kind === 'hub' ? undefined : commandOf(profile.kind as KindName, name)
  if (command === undefined) return refuse('unknown_command')
  if (!isHarmless(name)) return refuse('not_offered')
  const args = { ...HARMLESS_COMMANDS[name], ...given }
  const wrong = wrongArgs(command, args)
  if (wrong.length > 0) return refuse('args_out_of_range', wrong)
  if (profile.lifecycle === 'retired') return refuse('retired')
  if (command.ownerAuthorisation === true && profile.attributes['muteAuthorised'] !== true)
    return refuse('not_authorised')
  if (line !== 'listening') return refuse(line === 'away' ? 'not_connected' : 'not_listening')
  return underWay ? refuse('under_way') : { ok: true, command, args }
}

const isHarmless = (name: string): name is HarmlessCommand => Object.hasOwn(HARMLESS_COMMANDS, name)

/** Most that is asked for where the kind names no end: a lamp that blinks is found within ten minutes or not at all. */
const LONGEST_SECONDS = 600

/** Names of arguments that are missing, not the command's, or outside its range. */
function wrongArgs({ args: known }: KindCommand, args: CommandArgs): string[] {
  const strange = Object.keys(args).filter((name) => !Object.hasOwn(known, name))
  const unfit = Object.entries(known).filter(([name, { type, min, max }]) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined
    if (type === 'string') return typeof value !== 'string' || value === ''
    if (typeof value !== 'number' || !Number.isFinite(value)) return true
    return (min !== undefined && value < min) || value > (max ?? LONGEST_SECONDS)
  })
  return [...strange, ...unfit.map(([name]) => name)]
}
