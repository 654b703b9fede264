// Two dashboards of a cluster: whoever stands at one of them is told what happens at the other, and loses nothing with it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Viewers } from '../../../contract/feed.ts'
import type { HubFigures } from '../../../contract/http/hub-figures.ts'
import { partitionOf } from '../../../contract/partitions.ts'
import { encodeAnswer, encodeCounts, encodePresenceNews, encodeReadingNews } from '../../../cluster/live-words.ts'
import { countsOf, PRESENCE_CHANNEL, readingChannel } from '../../../cluster/keys.ts'
import { NodeBoard } from '../../../cluster/node-board.ts'
import { until } from '../../support/hub-process.ts'
import { POSTGRES_MISSING } from '../../support/services/postgres.ts'
import { REDIS_MISSING } from '../../support/services/redis.ts'
import { DashboardsWorld, PASSWORD } from './dashboards-world.ts'
import type { Screen } from './dashboards-world.ts'

interface Refused {
  readonly error: { readonly code: string; readonly details?: Record<string, unknown> }
}

describe.skipIf(POSTGRES_MISSING || REDIS_MISSING)('two dashboards', () => {
  let world: DashboardsWorld
  beforeAll(async () => {
    world = await DashboardsWorld.start()
  }, 120_000)
  afterAll(() => world.stop(), 60_000)

  const has = (screen: Screen, seq: number) => screen.seqs.includes(seq)

  it('a sign-in at one is a sign-in at the other, and five wrong passwords are five wherever they are tried', async () => {
    const body = { username: 'duty', password: PASSWORD }
    const { status, cookie } = await world.call(0, 'POST', '/session', { body })
    expect(status).toBe(200)
    expect((await world.call(1, 'GET', '/me', { as: cookie })).status).toBe(200)
    for (let tried = 0; tried < 5; tried++)
      expect(
        (await world.call(tried % 2, 'POST', '/session', { body: { username: 'manager', password: `guess ${tried}` } }))
          .status,
      ).toBe(401)
    for (const dashboard of [0, 1])
      expect(
        (await world.call(dashboard, 'POST', '/session', { body: { username: 'manager', password: PASSWORD } })).status,
      ).toBe(429)
  })

  it('calls are counted together, whichever dashboards take them', async () => {
    const left = async (dashboard: number): Promise<number> => {
      const { headers } = await fetch(`${world.baseOf(dashboard)}/api/openapi.json`)
      return Number(headers.get('x-ratelimit-remaining'))
    }
    // Another minute may begin in between.
    await until('the second dashboard counts on from the first', async () => {
      const [here, there] = [await left(0), await left(1)]
      return here > 0 && there === here - 1
    })
  })

  it('G3: both tell every transition in order, and a page that loses one goes on at the other without a gap', async () => {
    const third = (await world.serve(), world.dashboards.length - 1)
    const [at0, at1, leaving] = await Promise.all([
      world.screen(0, await world.newSession('duty')),
      world.screen(1, await world.newSession('duty')),
      world.screen(third, await world.newSession('officer')),
    ])
    const before = await world.commit({ alarmId: 'g3-a' })
    await until(
      'every screen has it',
      () => [at0, at1, leaving].every((one) => has(one, before.transition.seq)),
      30_000,
    )
    await world.dashboards[third]?.stop()
    await until('the page knows that it was left', () => leaving.ended !== null, 30_000)
    // The hub says that it ends: a page comes back by itself.
    expect(leaving.ended).toBe('transport close')
    const missed = [await world.commit({ alarmId: 'g3-b' }), await world.commit({ alarmId: 'g3-c', deviceId: 'DEV-B' })]
    const back = await world.screen(1, await world.newSession('officer'), leaving.seqs.at(-1) ?? 0)
    expect(back.answer.mode).toBe('replay')
    expect(back.seqs).toEqual(missed.map(({ transition }) => transition.seq))
    const after = await world.commit({ alarmId: 'g3-d' })
    await until('all have what follows', () => [at0, at1, back].every((one) => has(one, after.transition.seq)), 30_000)
    for (const screen of [at0, at1, back]) {
      expect(screen.gaps).toEqual([])
      screen.client.close()
    }
  })

  it('an end of access at one ends feeds at the other: a session, a user, a scope', async () => {
    const admin = await world.newSession('admin')
    const cookie = await world.newSession('officer')
    const revoked = await world.screen(1, cookie)
    const other = await world.screen(1, await world.newSession('officer'))
    const { body } = await world.call<{ items: { id: string; current: boolean }[] }>(0, 'GET', '/sessions', {
      as: cookie,
    })
    const own = body.items.find(({ current }) => current)?.id ?? ''
    expect((await world.call(0, 'DELETE', `/sessions/${own}`, { as: cookie })).status).toBe(204)
    await until('the revoked session hears nothing more', () => revoked.ended === 'io server disconnect', 20_000)
    expect(other.ended).toBeNull()
    const manager = await world.screen(1, await world.newSession('manager'))
    const change = { as: admin, body: { sites: [] } }
    expect((await world.call(0, 'PATCH', `/users/${world.users['manager']}`, change)).status).toBe(200)
    await until('a changed scope comes back', () => manager.ended === 'transport close', 20_000)
    const again = await world.screen(1, await world.newSession('manager'))
    const moved = { as: admin, body: { area: '示范县/云溪镇/东村' } }
    expect((await world.call(0, 'PATCH', `/sites/${world.site.id}`, moved)).status).toBe(200)
    await until('whoever sees some places comes back after one has moved', () => again.ended !== null, 20_000)
    expect(again.ended).toBe('transport close')
    // Whoever sees everything need not.
    expect(other.ended).toBeNull()
    const disable = { as: admin, body: { disabled: true } }
    expect((await world.call(0, 'PATCH', `/users/${world.users['officer']}`, disable)).status).toBe(200)
    await until('a disabled user hears nothing more', () => other.ended === 'io server disconnect', 20_000)
    for (const username of ['officer', 'manager'])
      await world.ledger.users.update(
        { userId: 'console', name: 'console', address: 'console' },
        world.users[username] as string,
        username === 'officer' ? { disabled: false } : { sites: [world.site.id] },
      )
  })

  it('two officers at two dashboards see who looks at which alarm, and their desks are counted together', async () => {
    const { transition } = await world.commit({ alarmId: 'looked-at' })
    const [one, two] = await Promise.all([
      world.screen(0, await world.newSession('duty')),
      world.screen(1, await world.newSession('admin')),
    ])
    const told: Viewers[] = []
    two.client.on('viewers', (viewers) => told.push(viewers))
    const seen = () => told.at(-1)?.find(({ alarmId }) => alarmId === transition.alarm.id)?.viewers ?? []
    one.client.emit('alarm:viewing', { alarmId: transition.alarm.id })
    await until('the other officer sees who looks', () => seen().length === 1, 30_000)
    expect(seen()).toEqual([{ id: world.users['duty'], name: 'duty 某' }])
    for (const { client } of [one, two])
      client.emit('desk', { armed: true, muted: false, visible: true, soundCheckedAt: Date.now() })
    await until(
      'both desks are counted',
      async () => {
        const { body } = await world.call<HubFigures>(0, 'GET', '/counters', { as: await world.newSession('duty') })
        return body.cluster?.nodes.reduce((sum, { desksArmed }) => sum + (desksArmed ?? 0), 0) === 2
      },
      30_000,
    )
    one.client.close()
    await until('a page that is gone looks at nothing', () => seen().length === 0, 30_000)
    two.client.close()
  })

  it('an act goes through the stream to whoever owns the device, and its answer is what the page gets', async () => {
    const { transition } = await world.commit({ alarmId: 'to-act-on' })
    const as = await world.newSession('duty')
    const answering = world.call<{ type: string; seq: number }>(0, 'POST', '/alarms/to-act-on/ack', {
      as,
      body: { seq: transition.seq },
    })
    const entry = await until(
      'the act is in the stream',
      async () => (await world.entries('DEV-A')).map((one) => one.entry).find(({ type }) => type === 'act') ?? false,
      30_000,
    )
    if (entry.type !== 'act') throw new Error('no act')
    expect(entry.act).toMatchObject({ name: 'ack', alarmId: 'to-act-on', seq: transition.seq })
    expect(entry.act.by.id).toBe(world.users['duty'])
    expect(entry.address).toContain('127.0.0.1')
    const acknowledged = await world.commit(
      { alarmId: 'to-act-on', type: 'acknowledged', by: entry.act.by },
      {
        answers: [
          {
            requestId: entry.requestId,
            body: ([one]) =>
              encodeAnswer(
                one === undefined ? { ok: false, refusal: 'not_found' } : { ok: true, transition: one.transition },
              ),
          },
        ],
      },
    )
    const answer = await answering
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ type: 'acknowledged', seq: acknowledged.transition.seq })

    const refusing = world.call<Refused>(1, 'POST', '/alarms/to-act-on/ack', { as, body: { seq: transition.seq } })
    const second = await until(
      'the second act is in the stream',
      async () =>
        (await world.entries('DEV-A')).map((one) => one.entry).filter(({ type }) => type === 'act')[1] ?? false,
      30_000,
    )
    if (second.type !== 'act') throw new Error('no act')
    await world.ledger.answers.add({
      requestId: second.requestId,
      body: encodeAnswer({ ok: false, refusal: 'already_acknowledged' }),
    })
    const refused = await refusing
    expect(refused.status).toBe(422)
    expect(refused.body.error.details).toMatchObject({ reason: 'already_acknowledged' })
  })

  it('who is there and what is measured comes from the owners, for those who may hear of it', async () => {
    const screen = await world.screen(1, await world.newSession('manager'))
    const [devices, readings] = [[] as unknown[], [] as unknown[]]
    screen.client.on('device', (news) => devices.push(news))
    screen.client.on('readings', (news) => readings.push(...news))
    screen.client.emit('readings:watch', { deviceIds: ['DEV-A'] })
    await until(
      'the owner sees that somebody watches',
      async () =>
        ((await world.connection.pubsub('CHANNELS', `${readingChannel('')}*`)) as string[]).includes(
          readingChannel('DEV-A'),
        ),
      30_000,
    )
    const at = Date.now()
    await world.connection.publish(readingChannel('DEV-A'), encodeReadingNews({ ts: at, values: { power: 3 } }))
    await world.connection.publish(PRESENCE_CHANNEL, encodePresenceNews([{ deviceId: 'DEV-A', online: true, at }]))
    await until('both arrive', () => devices.length > 0 && readings.length > 0, 30_000)
    expect(devices[0]).toEqual({ deviceId: 'DEV-A', online: true, at })
    expect(readings[0]).toEqual({ deviceId: 'DEV-A', ts: at, values: { power: 3 } })
    const counts = { since: at, messages: 3, received: 9, stored: 8, rejected: 1, byReason: { not_json: 1 } }
    await world.connection.hset(countsOf(partitionOf('DEV-A')), 'DEV-A', encodeCounts(counts))
    const as = await world.newSession('duty')
    expect((await world.call(0, 'GET', '/devices/DEV-A/counters', { as })).body).toEqual({
      deviceId: 'DEV-A',
      ...counts,
    })
    expect((await world.call(1, 'GET', '/devices/DEV-B/counters', { as })).body).toMatchObject({ messages: 0 })
    screen.client.emit('readings:watch', { deviceIds: [] })
    await until(
      'nobody watches any more',
      async () => ((await world.connection.pubsub('CHANNELS', `${readingChannel('')}*`)) as string[]).length === 0,
      30_000,
    )
    screen.client.close()
  })

  it('the figures of the cluster are those of its processes, and what was set aside is listed for administrators', async () => {
    const boards = (['broker', 'ingest'] as const).map(
      (role) => new NodeBoard(world.connection, { id: `${role}-of-the-test`, role, startedAt: 1 }),
    )
    const [broker, ingest] = boards
    for (const board of boards) board.start()
    const as = await world.newSession('admin')
    try {
      await broker?.change({ connections: 7, refused: { wrong_token: 2 } })
      const points = { received: 5, stored: 4, rejected: 1, byReason: { not_json: 1 } }
      await ingest?.change({ partitions: [1, 2], undecided: 3, unstored: 9, storeProblem: 'refused', points })
      const figures = await until('the processes are seen', async () => {
        const { body } = await world.call<HubFigures>(1, 'GET', '/counters', { as })
        return body.cluster?.storeProblem === 'refused' && body.mqttConnections === 7 && body
      })
      expect(figures).toMatchObject({ received: 5, stored: 4, rejected: 1, refused: { wrong_token: 2 }, backup: null })
      expect(figures.cluster).toMatchObject({
        undecided: 3,
        unstored: 9,
        ledger: true,
        partitions: { total: 64, unowned: [] },
        redis: { answers: true },
      })
      const screen = await world.screen(0, await world.newSession('duty'))
      await until(
        'pages say that charts end early, and that all is stored',
        () => screen.late && screen.storing === true,
      )
      screen.client.close()
    } finally {
      await Promise.all(boards.map((board) => board.stop()))
    }
    for (const position of [1, 2, 3])
      await world.ledger.setAsides.add({
        ...{ partition: 7, position, at: position, problem: 'fields', sample: '{}' },
        deviceId: position === 2 ? '' : 'DEV-A',
      })
    interface Listed {
      readonly items: { readonly position: number; readonly deviceId: string | null }[]
      readonly next: string | null
      readonly total: number
    }
    const first = (await world.call<Listed>(0, 'GET', '/set-aside?limit=2', { as })).body
    expect(first.items.map(({ position, deviceId }) => [position, deviceId])).toEqual([
      [3, 'DEV-A'],
      [2, null],
    ])
    expect(first.total).toBe(3)
    const rest = (await world.call<Listed>(1, 'GET', `/set-aside?limit=2&cursor=${first.next}`, { as })).body
    expect(rest).toMatchObject({ items: [{ position: 1 }], next: null })
    expect((await world.call(0, 'GET', '/set-aside?cursor=x', { as })).status).toBe(400)
    expect((await world.call(0, 'GET', '/set-aside', { as: await world.newSession('manager') })).status).toBe(403)
  })

  it('a history that cannot be read now is said to be safe, and keeps nobody from the rest', async () => {
    const as = await world.newSession('duty')
    const path = '/devices/DEV-A/readings?metric=residual_current&from=0&to=1000'
    const series = await world.call<Refused>(0, 'GET', path, { as })
    expect(series.status).toBe(503)
    expect(series.body.error.details).toMatchObject({ reason: 'reading_store' })
    expect((await world.call(0, 'GET', '/devices/DEV-A', { as })).status).toBe(200)
  })

  it('says that it does not store, and what can go on does, while Redis is away; and recovers', async () => {
    const { transition } = await world.commit({ alarmId: 'without-redis' })
    const as = await world.newSession('duty')
    const screen = await world.screen(0, as)
    await until('it is live', () => screen.storing === true, 30_000)
    await world.redis.kill()
    try {
      await until('the page says so', () => screen.storing === false, 30_000)
      const act = await world.call<Refused>(0, 'POST', '/alarms/without-redis/ack', {
        as,
        body: { seq: transition.seq },
      })
      expect(act.status).toBe(503)
      expect(act.body.error.details).toMatchObject({ reason: 'not_done' })
      expect((await world.call(0, 'GET', '/alarms?open=true', { as })).status).toBe(200)
      const fresh = await world.call(1, 'POST', '/session', { body: { username: 'duty', password: PASSWORD } })
      expect(fresh.status).toBe(200)
      const journalled = await world.commit({ alarmId: 'journalled-without-redis' })
      await until('what is journalled is told', () => has(screen, journalled.transition.seq), 30_000)
      const { body } = await world.call<{ parts: Record<string, boolean> }>(0, 'GET', '/readyz')
      expect(body.parts).toEqual({ ledger: true, redis: false })
    } finally {
      await world.redis.restart()
    }
    await until('it stores again', () => screen.storing === true, 60_000)
    expect(screen.gaps).toEqual([])
    expect(screen.ended).toBeNull()
    screen.client.close()
  })

  it('says that nothing is taken when Redis is full, and when no broker lives', async () => {
    const screen = await world.screen(0, await world.newSession('duty'))
    await until('it is live', () => screen.storing === true, 30_000)
    await world.connection.config('SET', 'maxmemory', '1')
    await until('a full Redis is told', () => screen.storing === false, 30_000)
    await world.connection.config('SET', 'maxmemory', '0')
    await until('it is live again', () => screen.storing === true, 30_000)
    await world.withoutBroker(async () => {
      await until('it is told that no device can connect', () => screen.storing === false, 30_000)
      const { body } = await world.call<HubFigures>(0, 'GET', '/counters', { as: await world.newSession('duty') })
      expect(body.cluster?.nodes.map(({ role }) => role)).not.toContain('broker')
    })
    await until('it is live once more', () => screen.storing === true, 30_000)
    screen.client.close()
  })

  it('starts without Redis, shows what is journalled, and finds Redis when it comes', async () => {
    await world.redis.kill()
    let third = 0
    try {
      await world.serve()
      third = world.dashboards.length - 1
      const as = await world.newSession('duty')
      expect((await world.call(third, 'GET', '/alarms?open=true', { as })).status).toBe(200)
      expect((await world.call(third, 'GET', '/readyz')).body).toEqual({
        ok: true,
        parts: { ledger: true, redis: false },
      })
    } finally {
      await world.redis.restart()
    }
    const screen = await world.screen(third, await world.newSession('duty'))
    await until('it stores', () => screen.storing === true, 60_000)
    screen.client.close()
    await world.dashboards[third]?.stop()
  })

  it('G3: says nothing it cannot prove while the ledger is away, and misses nothing when it is back', async () => {
    const as = await world.newSession('duty')
    const screen = await world.screen(0, as)
    const before = await world.commit({ alarmId: 'before-the-ledger-left' })
    await until('it is live', () => has(screen, before.transition.seq) && screen.storing === true, 30_000)
    await world.postgres.stop()
    let unready = 0
    try {
      await until(
        'it is not ready',
        async () => (unready = (await world.call(0, 'GET', '/readyz')).status) === 503,
        60_000,
      )
      expect(unready).toBe(503)
      // Nothing is known, and it may be asked again: no fault of the program.
      expect((await world.call<Refused>(0, 'GET', '/alarms?open=true', { as })).body.error.code).toBe('unavailable')
    } finally {
      await world.postgres.restart()
    }
    const beats = screen.heartbeats
    await until('it is ready again', async () => (await world.call(0, 'GET', '/readyz')).status === 200, 60_000)
    await until(
      'partitions are owned again',
      () =>
        world.own().then(
          () => true,
          () => false,
        ),
      60_000,
    )
    const after = await world.commit({ alarmId: 'after-the-ledger-came-back' })
    await until('what came after is told', () => has(screen, after.transition.seq), 60_000)
    await until('its heart beats', () => screen.heartbeats > beats && screen.storing === true, 60_000)
    expect(screen.gaps).toEqual([])
    screen.client.close()
  })
})
