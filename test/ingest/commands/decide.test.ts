// G7: what may become of a command, whatever happens in whatever order.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../contract/http/commands.ts'
import { COMMAND_STATES } from '../../../contract/http/commands.ts'
import { REPLY_GRACE_MS, deadlineOf, decideCommand, isOpen } from '../../../ingest/commands/decide.ts'
import type { CommandInput } from '../../../ingest/commands/decide.ts'

const T0 = 1_795_000_000_000
const EXPIRES = T0 + 60_000

const requested: Command = {
  id: 'c1',
  deviceId: 'd1',
  name: 'self_test',
  args: {},
  state: 'requested',
  requestedAt: T0,
  sentAt: null,
  deliveredAt: null,
  repliedAt: null,
  seenAt: null,
  endedAt: null,
  expires: EXPIRES,
  by: { id: 'u1', name: '周' },
  reason: '例行',
  ending: null,
  result: null,
  error: null,
  effect: null,
}

const OK: CommandInput = { type: 'reply', reply: { id: 'c1', ok: true, result: { part: 'horn' } } }
const NO: CommandInput = { type: 'reply', reply: { id: 'c1', ok: false, error: 'busy' } }
const SEEN: CommandInput = { type: 'effect', data: { ok: true } }

/** Runs inputs at seconds after the request. */
const run = (...steps: [seconds: number, input: CommandInput][]) => {
  let command = requested
  const rejections: string[] = []
  for (const [seconds, input] of steps) {
    const decision = decideCommand(command, input, T0 + seconds * 1_000)
    command = decision.command
    if (decision.rejection !== null) rejections.push(decision.rejection)
  }
  return { command, rejections }
}

describe('G7: a command', () => {
  it('goes from sent to delivered to done, each at its time', () => {
    const { command } = run([1, { type: 'sent' }], [2, { type: 'delivered' }], [3, SEEN], [4, OK])
    expect(command).toMatchObject({
      state: 'done',
      ending: 'answered_ok',
      sentAt: T0 + 1_000,
      deliveredAt: T0 + 2_000,
      seenAt: T0 + 3_000,
      repliedAt: T0 + 4_000,
      endedAt: T0 + 4_000,
      result: { part: 'horn' },
      effect: { ok: true },
    })
  })

  it('a device that says no has failed it, with its words', () => {
    const { command } = run([1, { type: 'sent' }], [2, NO])
    expect(command).toMatchObject({ state: 'failed', ending: 'answered_error', error: 'busy', deliveredAt: T0 + 2_000 })
  })

  it.each<[string, [number, CommandInput][], Partial<Command>]>([
    ['that was never written down in time was not sent', [], { ending: 'not_sent', sentAt: null }],
    ['without a PUBACK was not delivered', [[1, { type: 'sent' }]], { ending: 'not_delivered', deliveredAt: null }],
    [
      'that the device has and is silent about has no reply',
      [
        [1, { type: 'sent' }],
        [2, { type: 'delivered' }],
      ],
      { ending: 'no_reply' },
    ],
  ])('one %s', (_name, before, expected) => {
    const { command } = run(...before, [70, { type: 'tick' }])
    expect(command).toMatchObject({ state: 'expired', repliedAt: null, ...expected })
  })

  it('one whose device had left is failed at once, and nothing sends it later', () => {
    const { command } = run([1, { type: 'not_sent' }], [2, { type: 'sent' }], [3, { type: 'delivered' }])
    expect(command).toMatchObject({ state: 'failed', ending: 'not_connected', sentAt: null, deliveredAt: null })
  })

  it('a reply after the end is late, a second one is repeated, and neither changes anything', () => {
    const late = run([1, { type: 'sent' }], [61, OK], [62, OK])
    expect(late.rejections).toEqual(['late_reply', 'late_reply'])
    expect(late.command).toMatchObject({ state: 'expired', ending: 'not_delivered', repliedAt: null })
    const twice = run([1, { type: 'sent' }], [2, OK], [3, NO], [80, OK])
    expect(twice.rejections).toEqual(['repeated_reply', 'repeated_reply'])
    expect(twice.command).toMatchObject({ state: 'done', error: null })
  })

  it('what began just in time may say so a little later', () => {
    const command = { ...requested, sentAt: T0, deliveredAt: T0 + 1, state: 'delivered' } as const
    expect(deadlineOf(command)).toBe(EXPIRES + REPLY_GRACE_MS)
    expect(decideCommand(command, OK, EXPIRES + REPLY_GRACE_MS - 1).command.state).toBe('done')
    expect(decideCommand(command, OK, EXPIRES + REPLY_GRACE_MS).rejection).toBe('late_reply')
  })

  it('a hub that was started anew says so when nobody answers', () => {
    const sent = decideCommand(requested, { type: 'sent' }, T0 + 1).command
    expect(decideCommand(sent, { type: 'tick' }, EXPIRES, true).command.ending).toBe('hub_restarted')
    expect(decideCommand(sent, OK, EXPIRES - 1, true).command.state).toBe('done')
  })

  const anyInput: fc.Arbitrary<CommandInput> = fc.constantFrom<CommandInput>(
    { type: 'sent' },
    { type: 'not_sent' },
    { type: 'delivered' },
    { type: 'tick' },
    OK,
    NO,
    SEEN,
  )

  it('whatever happens in whatever order: it ends once, never goes back, and says only what it knows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), anyInput), { maxLength: 20 }),
        fc.boolean(),
        (steps, interrupted) => {
          let command: Command = requested
          let now = T0
          let answered = 0
          let rejected = 0
          for (const [wait, input] of steps) {
            now += wait
            const before = command
            const decision = decideCommand(before, input, now, interrupted)
            command = decision.command
            if (input.type === 'reply') {
              if (decision.rejection === null) answered++
              else rejected++
            } else expect(decision.rejection).toBeNull()
            // Never back, and nothing after the end but what was seen of its effect.
            expect(rank(command)).toBeGreaterThanOrEqual(rank(before))
            if (!isOpen(before))
              expect({ ...command, seenAt: null, effect: null }).toEqual({ ...before, seenAt: null, effect: null })
            // What was seen stays seen.
            for (const key of ['sentAt', 'deliveredAt', 'repliedAt', 'seenAt', 'endedAt'] as const)
              if (before[key] !== null) expect(command[key]).toBe(before[key])
            // Each state knows what it claims.
            expect(command.ending === null).toBe(isOpen(command))
            if (command.state === 'done') expect(command.repliedAt).not.toBeNull()
            if (command.state === 'delivered') expect(command.deliveredAt).not.toBeNull()
            if (command.repliedAt !== null) expect(command.deliveredAt).not.toBeNull()
            if (command.deliveredAt !== null) expect(command.sentAt).not.toBeNull()
            // Nothing is taken for done when its time was over.
            if (command.repliedAt !== null) expect(command.repliedAt).toBeLessThan(EXPIRES + REPLY_GRACE_MS)
          }
          expect(answered).toBeLessThanOrEqual(1)
          expect(answered + rejected).toBe(steps.filter(([, { type }]) => type === 'reply').length)
          // By the clock alone it ends.
          const after = decideCommand(command, { type: 'tick' }, EXPIRES + REPLY_GRACE_MS, interrupted).command
          expect(isOpen(after)).toBe(false)
          expect(decideCommand(after, { type: 'tick' }, EXPIRES + 10 * REPLY_GRACE_MS).command).toBe(after)
        },
      ),
    )
  })

  const rank = ({ state, endedAt }: Command): number => (endedAt === null ? COMMAND_STATES.indexOf(state) : 3)
})
