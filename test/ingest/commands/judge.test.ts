import { describe, expect, it } from 'vitest'
import type { CommandArgs, CommandRefusal } from '../../../contract/http/commands.ts'
import { KINDS } from '../../../contract/kinds/table.ts'
import { judgeCommand } from '../../../ingest/commands/judge.ts'
import type { Circumstances } from '../../../ingest/commands/judge.ts'

const gas: Circumstances = {
  profile: { kind: 'gas', lifecycle: 'in_service', attributes: {} },
  line: 'listening',
  underWay: false,
}
const smoke = (attributes: Circumstances['profile']['attributes']): Circumstances => ({
  ...gas,
  profile: { kind: 'smoke', lifecycle: 'in_service', attributes },
})

describe('whether a command may be asked', () => {
  it('fills in how long, where nobody says', () => {
    expect(judgeCommand('mute', {}, gas)).toMatchObject({ ok: true, args: { seconds: 180 } })
    expect(judgeCommand('locate', { seconds: 5 }, gas)).toMatchObject({ ok: true, args: { seconds: 5 } })
    expect(judgeCommand('self_test', {}, gas)).toMatchObject({ ok: true, args: {} })
  })

  it.each<[CommandRefusal, string, CommandArgs, Circumstances]>([
    ['unknown_command', 'valve_open', {}, gas],
    ['unknown_command', 'constructor', {}, gas],
    ['unknown_command', 'self_test', {}, { ...gas, profile: { ...gas.profile, kind: 'camera' } }],
    ['unknown_command', 'self_test', {}, { ...gas, profile: { ...gas.profile, kind: 'hub' } }],
    ['args_out_of_range', 'mute', { seconds: 601 }, gas],
    ['args_out_of_range', 'mute', { seconds: 0 }, gas],
    ['args_out_of_range', 'mute', { seconds: '60' }, gas],
    ['args_out_of_range', 'locate', { seconds: 86_400 }, gas],
    ['args_out_of_range', 'self_test', { hard: true }, gas],
    ['retired', 'self_test', {}, { ...gas, profile: { ...gas.profile, lifecycle: 'retired' } }],
    ['not_authorised', 'mute', {}, smoke({})],
    ['not_authorised', 'mute', {}, smoke({ muteAuthorised: false })],
    ['not_connected', 'self_test', {}, { ...gas, line: 'away' }],
    ['not_listening', 'self_test', {}, { ...gas, line: 'connected' }],
    ['under_way', 'self_test', {}, { ...gas, underWay: true }],
  ])('%s: %s %j', (refusal, name, args, circumstances) => {
    expect(judgeCommand(name, args, circumstances)).toMatchObject({ ok: false, refusal })
  })

  it('a smoke alarm is muted where the owner’s authorisation is on record, and tested without one', () => {
    expect(judgeCommand('mute', {}, smoke({ muteAuthorised: true })).ok).toBe(true)
    expect(judgeCommand('self_test', {}, smoke({})).ok).toBe(true)
  })

  it('nothing that moves something on site is sent, of whatever kind', () => {
    for (const kind of Object.values(KINDS))
      for (const { name } of kind.commands.filter(({ name }) => !['self_test', 'mute', 'locate'].includes(name)))
        expect(judgeCommand(name, {}, { ...gas, profile: { ...gas.profile, kind: kind.name } })).toMatchObject({
          refusal: 'not_offered',
        })
  })
})
