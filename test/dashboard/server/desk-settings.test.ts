// What an administrator sets for the desks: what to say and do first, and the shift.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditRow } from '../../../contract/http/audit.ts'
import type { Page } from '../../../contract/http/common.ts'
import type { FirstSteps } from '../../../contract/http/first-steps.ts'
import type { Shift } from '../../../contract/http/shift.ts'
import { World } from './world.ts'

describe('settings of the desks', () => {
  let world: World
  let admin: string
  let duty: string
  beforeAll(async () => {
    world = await World.start()
    ;[admin, duty] = [await world.as('admin'), await world.as('duty')]
  })
  afterAll(() => world.stop())

  const audited = async (key: string) => {
    const { body } = await world.call<Page<AuditRow>>('GET', `/audit?subject=setting:${key}`, { as: admin })
    return body.items.toReversed().map(({ action, fields }) => [action, fields])
  }

  it('first steps: changed, read by everyone, restored; every change under the version it answers, and audited', async () => {
    const path = '/first-steps/gas.gas_lel'
    expect((await world.call('GET', path, { as: duty })).body).toEqual({
      ruleId: 'gas.gas_lel',
      version: 0,
      steps: null,
      changedAt: null,
    })
    const steps = [{ zh: '  关阀、开窗、出门 ', en: 'Valve, window, out' }, { zh: '打燃气公司 0571-0000' }]
    const changed = await world.call<FirstSteps>('PUT', path, { as: admin, body: { version: 0, steps } })
    expect(changed.status).toBe(200)
    expect(changed.body).toMatchObject({ version: 1, steps: [{ zh: '关阀、开窗、出门' }, {}] })

    const late = await world.call<{ error: { code: string; details: unknown } }>('PUT', path, {
      as: admin,
      body: { version: 0, steps: [{ zh: '别的' }] },
    })
    expect(late.status).toBe(409)
    expect(late.body.error).toMatchObject({ code: 'stale', details: { version: 1 } })

    for (const as of [duty, await world.as('manager')]) {
      const list = await world.call<Page<FirstSteps>>('GET', '/first-steps', { as })
      expect(list.body).toMatchObject({ total: 1, items: [{ ruleId: 'gas.gas_lel', version: 1 }] })
    }
    expect((await world.call('DELETE', `${path}?version=0`, { as: admin })).status).toBe(409)
    const restored = await world.call('DELETE', `${path}?version=1`, { as: admin })
    expect(restored.body).toMatchObject({ version: 2, steps: null })
    // A version stands for one text only: what was read before the default came back does not fit.
    expect((await world.call('PUT', path, { as: admin, body: { version: 1, steps } })).status).toBe(409)
    expect((await world.call('PUT', path, { as: admin, body: { version: 0, steps } })).status).toBe(409)
    expect((await world.call('PUT', path, { as: admin, body: { version: 2, steps } })).status).toBe(200)
    expect(await audited('first_steps.gas.gas_lel')).toEqual([
      ['first_steps.changed', ['steps']],
      ['first_steps.restored', ['steps']],
      ['first_steps.changed', ['steps']],
    ])
    expect(await world.ledger.audit.verify()).toMatchObject({ ok: true })
  })

  it('first steps: two who save at the same instant do not undo each other', async () => {
    const answers = await Promise.all(
      ['甲', '乙'].map((zh) =>
        world.call('PUT', '/first-steps/smoke.smoke', { as: admin, body: { version: 0, steps: [{ zh }] } }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  it.each([
    ['no rule of that name', 'gas.nonsense', { version: 0, steps: [{ zh: '好' }] }, 404],
    ['nothing to say', 'gas.co_ppm', { version: 0, steps: [] }, 400],
    ['English alone', 'gas.co_ppm', { version: 0, steps: [{ en: 'Out' }] }, 400],
    ['only blanks', 'gas.co_ppm', { version: 0, steps: [{ zh: '  ' }] }, 400],
    ['too long', 'gas.co_ppm', { version: 0, steps: [{ zh: '长'.repeat(161) }] }, 400],
    ['too many', 'gas.co_ppm', { version: 0, steps: Array.from({ length: 11 }, () => ({ zh: '步' })) }, 400],
    ['a line break', 'gas.co_ppm', { version: 0, steps: [{ zh: '一\n二' }] }, 400],
    ['no version', 'gas.co_ppm', { steps: [{ zh: '好' }] }, 400],
    ['something else', 'gas.co_ppm', { version: 0, steps: [{ zh: '好' }], by: 'x' }, 400],
  ])('first steps: refuses %s', async (_what, ruleId, body, status) => {
    expect((await world.call('PUT', `/first-steps/${ruleId}`, { as: admin, body })).status).toBe(status)
    expect((await world.call('PUT', `/first-steps/${ruleId}`, { as: duty, body })).status).toBe(403)
  })

  it('the shift: 08:30 and nobody until someone says otherwise', async () => {
    expect((await world.call('GET', '/shift', { as: duty })).body).toEqual({
      version: 0,
      changesAt: ['08:30'],
      leader: null,
    })
    expect((await world.call('GET', '/shift', { as: await world.as('manager') })).status).toBe(403)
    const body = { version: 0, changesAt: ['20:30', '08:30', '20:30'], leader: '陈立' }
    expect((await world.call('PUT', '/shift', { as: duty, body })).status).toBe(403)
    const changed = await world.call<Shift>('PUT', '/shift', { as: admin, body })
    expect(changed.body).toEqual({ version: 1, changesAt: ['08:30', '20:30'], leader: '陈立' })
    expect((await world.call('GET', '/shift', { as: duty })).body).toEqual(changed.body)
    expect((await world.call('PUT', '/shift', { as: admin, body })).status).toBe(409)
    for (const wrong of [{ changesAt: [] }, { changesAt: ['24:00'] }, { changesAt: ['8:30'] }, { leader: '' }])
      expect((await world.call('PUT', '/shift', { as: admin, body: { ...body, version: 1, ...wrong } })).status).toBe(
        400,
      )
    expect(await audited('shift')).toEqual([['shift.changed', ['changesAt', 'leader']]])
  })

  it('tells when a person signed in', async () => {
    const before = Date.now()
    const me = await world.call('GET', '/me', { as: await world.newSession('duty') })
    expect(me.body['signedInAt']).toBeGreaterThanOrEqual(before)
    const { body } = await world.call('POST', '/tokens', { as: duty, body: { name: 'x' } })
    const machine = await world.call('GET', '/me', { as: `Bearer ${String(body['token'])}` })
    expect(machine.body['signedInAt']).toBeNull()
  })
})
