import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AlarmEvent, Heartbeat, LiveReadings } from '../../../contract/feed.ts'
import { World, live, next, resume, until } from './world.ts'
import type { Client } from './world.ts'

describe('live feed', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
  })
  afterEach(() => {
    world.clock = undefined
  })
  afterAll(() => world.stop())

  const collect = (client: Client): AlarmEvent[] => {
    const seen: AlarmEvent[] = []
    client.on('alarm', (event) => seen.push(event))
    return seen
  }

  it('greets with protocol, time, head and user', async () => {
    const { hello, client } = await live(world, await world.as('duty'))
    expect(hello).toMatchObject({ protocol: 1, user: { id: world.users['duty'], role: 'duty' } })
    expect(hello.head).toBe(await world.ledger.journal.head())
    client.close()
  })

  it('G6: says at once that the hub cannot store, again with each heartbeat, and when it can', async () => {
    const { client } = await live(world, await world.as('duty'))
    const { port, storings } = world.source
    const tell = (storing: boolean): void => {
      port.isStoring = storing
      for (const listener of storings) listener(storing)
    }
    expect(await next(client, 'heartbeat')).toMatchObject({ storing: true })
    tell(false)
    // One that was on its way may still say otherwise; from then on each of them says so.
    const heard: boolean[] = []
    client.on('heartbeat', ({ storing }: Heartbeat) => heard.push(storing))
    await until(() => heard.slice(heard.indexOf(false)).length >= 2 && heard.includes(false))
    expect(heard.slice(heard.indexOf(false))).not.toContain(true)
    tell(true)
    await until(() => heard.at(-1) === true)
    client.close()
  })

  it('G3: from an empty ledger on, the first transition arrives with prev 0', async () => {
    const empty = await World.start()
    try {
      const { client, answer } = await live(empty, await empty.as('duty'), null)
      expect(answer).toEqual({ ok: true, mode: 'snapshot', alarms: [], head: 0 })
      const coming = next(client, 'alarm')
      await empty.commit(empty.entry({ alarmId: 'first', place: 'a' }))
      expect(await coming).toMatchObject({ seq: 1, prev: 0, type: 'raised' })
    } finally {
      await empty.stop()
    }
  })

  it('G3: a gap before the first event is replayed from cursor 0', async () => {
    const empty = await World.start()
    try {
      const { client } = await live(empty, await empty.as('duty'), null)
      client.close()
      for (let i = 0; i < 3; i++) await empty.commit(empty.entry({ alarmId: `in-gap-${i}`, place: 'a' }))
      const again = await live(empty, await empty.as('duty'), 0)
      expect(again.answer).toMatchObject({ mode: 'replay', head: 3 })
      if (again.answer.mode === 'replay')
        expect(again.answer.events.map(({ seq, prev }) => [seq, prev])).toEqual([
          [1, 0],
          [2, 1],
          [3, 2],
        ])
    } finally {
      await empty.stop()
    }
  })

  it('sends no alarm before the resume has been answered', async () => {
    const client = world.socket(await world.as('duty'))
    const seen = collect(client)
    await next(client, 'hello')
    await world.commit(world.entry({ alarmId: 'early', place: 'a' }))
    // A heartbeat follows on the same connection: had the alarm been sent, it would be here.
    await next(client, 'heartbeat')
    expect(seen).toEqual([])
    const answer = await resume(client, null)
    expect(answer).toMatchObject({ ok: true, mode: 'snapshot' })
    client.close()
  })

  it('tells a transition that commits while the resume reads the ledger, once', async () => {
    for (let round = 0; round < 20; round++) {
      const cursor = await world.ledger.journal.head()
      const client = world.socket(await world.as('duty'))
      const seen = collect(client)
      await next(client, 'hello')
      const committing = Promise.all([
        world.commit(world.entry({ alarmId: `race-${round}-a`, place: 'a' })),
        world.commit(world.entry({ alarmId: `race-${round}-b`, place: 'b' })),
      ])
      const answer = await resume(client, cursor)
      await committing
      if (!answer.ok || answer.mode !== 'replay') throw new Error('expected a replay')
      const all = [...answer.events, ...seen]
      await until(() => [...answer.events, ...seen].length === 2)
      expect([...answer.events, ...seen].map((event) => event.seq)).toEqual([cursor + 1, cursor + 2])
      expect(all.length).toBeLessThanOrEqual(2)
      client.close()
    }
  })

  it('gives a snapshot for a cursor from the future, as after a restored backup', async () => {
    const { answer, client } = await live(world, await world.as('duty'), 1_000_000)
    expect(answer.mode).toBe('snapshot')
    client.close()
  })

  it('gives a snapshot instead of a replay longer than the limit', async () => {
    const long = await World.start()
    try {
      for (let batch = 0; batch < 11; batch++)
        await long.commit(
          ...Array.from({ length: 500 }, (_, i) =>
            long.entry({ alarmId: `m-${batch}-${i % 3}`, place: i % 2 ? 'a' : 'b' }),
          ),
        )
      const { answer } = await live(long, await long.as('duty'), 10)
      expect(answer).toMatchObject({ mode: 'snapshot', head: 5500 })
      const { answer: near } = await live(long, await long.as('duty'), 500)
      expect(near).toMatchObject({ mode: 'replay', head: 5500 })
      const { answer: mine } = await live(long, await long.as('manager'), 10)
      expect(mine.mode).toBe('replay')
    } finally {
      await long.stop()
    }
  })

  it('G3: a notice that never came is read from the ledger before the heartbeat names its sequence', async () => {
    const { client } = await live(world, await world.as('duty'))
    const seen = collect(client)
    const { committed } = await world.ledger.journal.append({
      entries: [world.entry({ alarmId: 'untold', place: 'a' })],
      states: [],
      checkpoint: null,
    })
    const head = committed[0]?.transition.seq as number
    const heard: { kind: string; head: number }[] = []
    client.on('alarm', ({ seq }) => heard.push({ kind: 'alarm', head: seq }))
    client.on('heartbeat', (beat: Heartbeat) => heard.push({ kind: 'heartbeat', head: beat.head }))
    await until(() => heard.some((one) => one.kind === 'heartbeat' && one.head === head))
    expect(seen.map((event) => event.seq)).toEqual([head])
    expect(heard.findIndex((one) => one.kind === 'alarm')).toBeLessThan(
      heard.findIndex((one) => one.kind === 'heartbeat' && one.head === head),
    )
    client.close()
  })

  it('puts notices that come out of order, twice or with holes into one gapless order', async () => {
    const { client } = await live(world, await world.as('duty'))
    const seen = collect(client)
    const before = await world.ledger.journal.head()
    const append = (alarmId: string) =>
      world.ledger.journal
        .append({ entries: [world.entry({ alarmId, place: 'a' })], states: [], checkpoint: null })
        .then(({ committed }) => committed)
    const [one, two, three] = [await append('o1'), await append('o2'), await append('o3')]
    world.source.tell(three)
    world.source.tell(one)
    world.source.tell(two)
    world.source.tell(three)
    await until(() => seen.length >= 3)
    const last = await append('o4')
    world.source.tell(last)
    await until(() => seen.length >= 4)
    expect(seen.map(({ seq, prev }) => [seq, prev])).toEqual([1, 2, 3, 4].map((i) => [before + i, before + i - 1]))
    client.close()
  })

  it('G9: a manager hears only their own sites, with prev and head of their scope', async () => {
    const manager = await live(world, await world.as('manager'))
    const warden = await live(world, await world.as('warden'))
    const [mine, theirs] = [collect(manager.client), collect(warden.client)]
    await world.commit(world.entry({ alarmId: 's1', place: 'b' }), world.entry({ alarmId: 's2', place: 'a' }))
    await world.commit(world.entry({ alarmId: 's3', place: 'hub' }), world.entry({ alarmId: 's4', place: 'a' }))
    await until(() => mine.length === 2 && theirs.length === 1)
    expect(mine.map((event) => event.alarm.id)).toEqual(['s2', 's4'])
    expect(mine[1]?.prev).toBe(mine[0]?.seq)
    expect(theirs.map((event) => event.alarm.id)).toEqual(['s1'])
    const beat = await next(warden.client, 'heartbeat')
    expect(beat.head).toBe(theirs[0]?.seq)
    if (manager.answer.mode === 'snapshot')
      expect(manager.answer.alarms.every((alarm) => alarm.siteId === world.sites.a)).toBe(true)
    manager.client.close()
    warden.client.close()
  })

  it('G9: an alarm that moves away leaves the pages of where it was, also one that came before its own step', async () => {
    const mover = await World.start()
    try {
      await mover.commit(mover.entry({ alarmId: 'mover', place: 'a' }))
      const cookie = await mover.as('town')
      const { client, answer } = await live(mover, cookie)
      expect(answer).toMatchObject({ mode: 'snapshot', alarms: [{ id: 'mover' }] })
      const gone = new Promise((resolve) => client.once('disconnect', resolve))
      await mover.commit(
        mover.entry({ alarmId: 'stays', place: 'a' }),
        mover.entry({ alarmId: 'mover', place: 'b', type: 'commented', reason: 'device_moved' }),
        mover.entry({ alarmId: 'later', place: 'a' }),
      )
      await gone
      // Whatever it was told until then.
      const again = await live(mover, cookie, await mover.ledger.journal.head())
      const listed = again.answer.mode === 'snapshot' ? again.answer.alarms.map(({ id }) => id) : 'a replay'
      expect(listed).toEqual(expect.arrayContaining(['stays', 'later']))
      expect(listed).toHaveLength(2)
      again.client.close()
    } finally {
      await mover.stop()
    }
  })

  it('G9: a changed scope cuts the socket, and its old cursor gets a snapshot', async () => {
    const admin = await world.as('admin')
    const user = await world.addUser('moving', 'manager', { sites: [world.sites.a] })
    const cookie = await world.newSession('moving')
    await world.commit(world.entry({ alarmId: 'mv-a', place: 'a' }), world.entry({ alarmId: 'mv-b', place: 'b' }))
    const { client, hello } = await live(world, cookie)
    const cutOff = new Promise((resolve) => client.once('disconnect', resolve))
    const changed = await world.call('PATCH', `/users/${user.id}`, { as: admin, body: { sites: [world.sites.b] } })
    expect(changed.status).toBe(200)
    expect(await cutOff).toBe('transport close')
    const back = await live(world, cookie, hello.head)
    expect(back.answer.mode).toBe('snapshot')
    if (back.answer.mode === 'snapshot')
      expect(back.answer.alarms.every((alarm) => alarm.siteId === world.sites.b)).toBe(true)
    await world.commit(world.entry({ alarmId: 'mv-b2', place: 'b' }))
    const head = (await next(back.client, 'alarm')).seq
    const settled = await live(world, cookie, head)
    expect(settled.answer.mode).toBe('replay')
  })

  it('cuts the socket of a session that is signed out, of a disabled user, and one that ends by the clock', async () => {
    const admin = await world.as('admin')
    const gone = (client: Client) => new Promise<string>((resolve) => client.once('disconnect', resolve))

    const out = await world.newSession('duty')
    const signedOut = gone((await live(world, out)).client)
    await world.call('DELETE', '/session', { as: out })
    expect(await signedOut).toBe('io server disconnect')

    const user = await world.addUser('leaver', 'manager', { sites: [world.sites.a] })
    const left = gone((await live(world, await world.newSession('leaver'))).client)
    await world.call('PATCH', `/users/${user.id}`, { as: admin, body: { disabled: true } })
    expect(await left).toBe('io server disconnect')

    const idle = gone((await live(world, await world.newSession('admin'))).client)
    const began = Date.now()
    world.clock = () => began + 31 * 60_000
    expect(await idle).toBe('io server disconnect')
  })

  it('keeps a duty desk showing after its 26 hours', async () => {
    const cookie = await world.newSession('duty')
    const { client } = await live(world, cookie)
    const seen = collect(client)
    const began = Date.now()
    // The desk reports every 30 s; its feed keeps it from idling.
    for (let hour = 1; hour <= 27; hour++) {
      world.clock = () => began + hour * 3_600_000
      client.emit('desk', { armed: true, muted: false, visible: true, soundCheckedAt: null })
      await next(client, 'heartbeat')
    }
    await world.commit(world.entry({ alarmId: 'late-night', place: 'a' }))
    await until(() => seen.length === 1)
    expect(client.connected).toBe(true)
    client.close()
  })

  it('refuses a socket without a session, with a wrong token, and of a user who must change their password', async () => {
    await world.addUser('new-here', 'duty', { mustChange: true })
    const refusals: [string | undefined, object, string][] = [
      [undefined, {}, 'unauthorized'],
      ['zhian=nothing', {}, 'unauthorized'],
      [undefined, { auth: { token: 'nothing' } }, 'unauthorized'],
      [await world.newSession('new-here'), {}, 'forbidden'],
    ]
    for (const [cookie, options, code] of refusals) {
      const client = world.socket(cookie, options)
      const error = await new Promise<Error & { data?: { code: string } }>((resolve) =>
        client.once('connect_error', resolve),
      )
      expect(error.message).toBe(code)
      expect(error.data?.code).toBe(code)
    }
  })

  it('takes a bearer token as auth, over polling too', async () => {
    const made = await world.call<{ token: string }>('POST', '/tokens', {
      as: await world.as('duty'),
      body: { name: 'wall' },
    })
    for (const transports of [['websocket'], ['polling']]) {
      const client = world.socket(undefined, { auth: { token: made.body.token }, transports })
      expect((await next(client, 'hello')).user.role).toBe('duty')
      client.close()
    }
  })

  it('refuses a cross-site handshake with a good cookie', async () => {
    const cookie = await world.as('duty')
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: `http://127.0.0.1:${world.port + 1}` },
      { origin: `https://127.0.0.1:${world.port}` },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: `http://127.0.0.1:${world.port}`, 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      for (const transports of [['websocket'], ['polling']]) {
        const client = world.socket(undefined, { extraHeaders: { cookie, ...headers }, transports })
        await new Promise((resolve) => client.once('connect_error', resolve))
        expect(client.connected).toBe(false)
        client.close()
      }
    }
    const own = world.socket(undefined, { extraHeaders: { cookie, origin: world.base } })
    await next(own, 'hello')
    own.close()
  })

  it('refuses malformed, unknown and too many events', async () => {
    const { client } = await live(world, await world.as('duty'))
    const raw = client as unknown as { emit(name: string, ...args: unknown[]): void }
    const answerTo = (name: string, body: unknown) => new Promise<unknown>((resolve) => raw.emit(name, body, resolve))
    expect(await answerTo('feed:resume', { cursor: -1 })).toMatchObject({ ok: false, code: 'invalid' })
    expect(await answerTo('feed:resume', null)).toMatchObject({ ok: false, code: 'invalid' })
    expect(await answerTo('constructor', {})).toMatchObject({ ok: false, code: 'not_found' })
    const gone = new Promise((resolve) => client.once('disconnect', resolve))
    for (let i = 0; i < 60; i++) raw.emit('desk', { armed: false })
    expect(await gone).toBe('io server disconnect')
  })

  it('ends a connection that sends more than 16 KiB at once', async () => {
    const { client } = await live(world, await world.as('duty'))
    const gone = new Promise((resolve) => client.once('disconnect', resolve))
    ;(client as unknown as { emit(name: string, body: unknown): void }).emit('desk', 'x'.repeat(17 * 1024))
    await gone
  })

  it('admits twenty sockets a user', async () => {
    await world.addUser('many', 'duty')
    const cookie = await world.newSession('many')
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = world.socket(cookie)
        await next(client, 'hello')
        return client
      }),
    )
    const extra = world.socket(cookie)
    const error = await new Promise<Error>((resolve) => extra.once('connect_error', resolve))
    expect(error.message).toBe('rate_limited')
    for (const client of clients) client.close()
  })

  it('G9: sends readings of watched devices in scope only, newest, and few times a second', async () => {
    const duty = await live(world, await world.as('duty'))
    const manager = await live(world, await world.as('manager'))
    const got = { duty: [] as LiveReadings[], manager: [] as LiveReadings[] }
    duty.client.on('readings', (readings) => got.duty.push(readings))
    manager.client.on('readings', (readings) => got.manager.push(readings))
    for (const { client } of [duty, manager]) client.emit('readings:watch', { deviceIds: ['DEV-A', 'DEV-B'] })
    const tell = (deviceId: string, place: 'a' | 'b', ts: number, values: Record<string, number>) => {
      for (const listener of world.source.readings)
        listener({ deviceId, ts, values, siteId: world.sites[place], areaIds: world.areaIds[place] })
    }
    await until(() => {
      tell('DEV-B', 'b', 1, { gas_lel: 1 })
      return got.duty.length > 0
    })
    got.duty.length = 0
    for (let i = 0; i < 50; i++) {
      tell('DEV-A', 'a', 1_000 + i, { residual_current: i })
      tell('DEV-B', 'b', 1_000 + i, { gas_lel: i })
    }
    tell('DEV-A', 'a', 1_060, { temperature_a: 30 })
    tell('DEV-A', 'a', 900, { residual_current: 999 })
    await until(() => got.duty.flat().some((one) => one.deviceId === 'DEV-A') && got.manager.length > 0)
    expect(got.duty.length).toBeLessThanOrEqual(2)
    expect(got.duty.flat()).toContainEqual({
      deviceId: 'DEV-A',
      ts: 1_060,
      values: { residual_current: 49, temperature_a: 30 },
    })
    expect(got.manager.flat().every((one) => one.deviceId === 'DEV-A')).toBe(true)
    duty.client.close()
    manager.client.close()
  })

  it('G9: tells presence within scope, the newest state of each device', async () => {
    const duty = await live(world, await world.as('duty'))
    const manager = await live(world, await world.as('manager'))
    const got = { duty: [] as string[], manager: [] as string[] }
    duty.client.on('device', ({ deviceId, online }) => got.duty.push(`${deviceId} ${online}`))
    manager.client.on('device', ({ deviceId, online }) => got.manager.push(`${deviceId} ${online}`))
    const tell = (deviceId: string, place: 'a' | 'b', online: boolean) => {
      for (const listener of world.source.presences)
        listener({ deviceId, online, at: 1, siteId: world.sites[place], areaIds: world.areaIds[place] })
    }
    tell('DEV-B', 'b', true)
    tell('DEV-A', 'a', false)
    tell('DEV-A', 'a', true)
    await until(() => got.duty.length === 2 && got.manager.length === 1)
    expect(got.duty).toEqual(['DEV-B true', 'DEV-A true'])
    expect(got.manager).toEqual(['DEV-A true'])
    duty.client.close()
    manager.client.close()
  })

  it('counts armed desks of those who may stand at one, until they go', async () => {
    const duty = await live(world, await world.as('duty'))
    const manager = await live(world, await world.as('manager'))
    const desk = { armed: true, muted: false, visible: true, soundCheckedAt: Date.now() }
    // A town's desk hears its town: it is no desk of the county.
    const town = await live(world, await world.as('town'))
    town.client.emit('desk', desk)
    manager.client.emit('desk', desk)
    await next(manager.client, 'heartbeat')
    await next(town.client, 'heartbeat')
    expect(world.armed.at(-1)).toBe(0)
    town.client.close()
    duty.client.emit('desk', desk)
    await until(() => world.armed.at(-1) === 1)
    duty.client.close()
    await until(() => world.armed.at(-1) === 0)
    manager.client.close()
  })
})

describe('live feed under faults', () => {
  it('G3: loses nothing and harms nobody when another part of the hub throws or the ledger stutters', async () => {
    const world = new World()
    await world.ledger.start()
    await world.settle()
    const ports = world.ports()
    const failing = { head: 0, after: 0 }
    const journal: typeof ports.records.journal = {
      head: () => ports.records.journal.head(),
      incarnation: () => ports.records.journal.incarnation(),
      snapshot: (scope) => ports.records.journal.snapshot(scope),
      headInScope: async (scope) => {
        if (failing.head-- > 0) throw new Error('busy')
        return ports.records.journal.headInScope(scope)
      },
      after: async (scope, cursor, limit) => {
        if (failing.after-- > 0) throw new Error('busy')
        return ports.records.journal.after(scope, cursor, limit)
      },
    }
    await world.serve(
      {},
      {
        ...ports,
        records: { ...ports.records, journal },
        desks: {
          armed() {
            throw new Error('the desk watch is broken')
          },
        },
      },
    )
    try {
      const { client } = await live(world, await world.as('duty'), null)
      const seen: number[] = []
      client.on('alarm', ({ seq }) => seen.push(seq))
      await world.commit(world.entry({ alarmId: 'f1', place: 'a' }))
      // A hole in the notices, while the ledger cannot be read at first.
      failing.after = 2
      await world.ledger.journal.append({
        entries: [world.entry({ alarmId: 'f2', place: 'a' })],
        states: [],
        checkpoint: null,
      })
      await world.commit(world.entry({ alarmId: 'f3', place: 'a' }))
      await until(() => seen.length === 3)
      expect(seen).toEqual([1, 2, 3])
      // No heartbeat while the head is unknown: the page must not look live.
      failing.head = 3
      const before = world.log.length
      await until(() => world.log.slice(before).some(({ line }) => line.startsWith('no heartbeat')))
      expect((await next(client, 'heartbeat')).head).toBe(3)
      failing.after = 1
      const refused = await resume(client, 1)
      expect(refused).toMatchObject({ ok: false, code: 'unavailable' })
      expect(await resume(client, 1)).toMatchObject({ ok: true, mode: 'replay', head: 3 })
    } finally {
      await world.stop()
    }
  })
})

describe('live feed figures', () => {
  it('turns reports of painting into the latency figure, once each and only for what was sent live', async () => {
    const world = new World()
    await world.ledger.start()
    await world.settle()
    await world.commit(world.entry({ alarmId: 'old', place: 'a', priority: 1 }))
    await world.serve({ metrics: world.metrics })
    try {
      const { client } = await live(world, await world.as('duty'), 0)
      const coming = next(client, 'alarm')
      await world.commit(world.entry({ alarmId: 'new', place: 'a', priority: 1 }))
      const { seq } = await coming
      client.emit('alarm:shown', { seqs: [1, seq, seq, seq + 7] })
      client.emit('alarm:shown', { seqs: [seq] })
      await until(async () => {
        const text = await world.metrics.metrics()
        return text.includes('zhian_alarm_shown_seconds_count{priority="1"} 1')
      })
      // Another screen gets the same one by replay: it is as late as that screen's gap was long.
      const late = await live(world, await world.as('admin'), seq - 1)
      expect(late.answer).toMatchObject({ mode: 'replay', head: seq })
      late.client.emit('alarm:shown', { seqs: [seq] })
      // Answered after what was sent before it.
      expect(await resume(late.client, seq)).toMatchObject({ ok: true })
      await next(client, 'heartbeat')
      expect(await world.metrics.metrics()).toContain('zhian_alarm_shown_seconds_count{priority="1"} 1')
    } finally {
      await world.stop()
    }
  })
})
