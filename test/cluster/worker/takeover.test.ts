import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Act } from '../../../contract/alarms.ts'
import { PARTITIONS } from '../../../contract/partitions.ts'
import type { FaultPoint } from '../../../ingest/ports.ts'
import { until } from '../../support/hub-process.ts'
import { POSTGRES_MISSING, startPostgres } from '../../support/services/postgres.ts'
import type { PostgresServer } from '../../support/services/postgres.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'
import { STORED_KEY } from './stored-key.ts'
import type { ChildOptions } from './worker-child.ts'
import { OFFICER, World } from './world.ts'

const LEASE_MS = 2_000
const WITHIN_MS = 60_000
/** Before the decision, between it and the ledger, and on both sides of what is told. */
const POINTS = [
  'pipeline.accepted',
  'pipeline.batch_taken',
  'pipeline.journal_started',
  'pipeline.journal_committed',
  'pipeline.told',
] as const satisfies readonly FaultPoint[]
const CHILD = join(import.meta.dirname, 'worker-child.ts')

describe.skipIf(REDIS_MISSING || POSTGRES_MISSING)('a worker that ends without a word', () => {
  let redis: RedisServer
  let postgres: PostgresServer
  let world: World
  let children: ChildProcess[] = []
  const said = new Map<ChildProcess, string>()
  const saidBy = (child: ChildProcess): string => said.get(child) ?? ''
  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  }, 60_000)
  afterAll(async () => {
    await Promise.all([redis.dispose(), postgres.dispose()])
  })
  beforeEach(async () => {
    world = await World.open(redis, postgres)
  })
  afterEach(async () => {
    for (const child of children) {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    children = []
    await world.close()
  })

  const start = async (fault?: ChildOptions['fault']): Promise<ChildProcess> => {
    const options: ChildOptions = {
      redisUrl: world.redisServer.url,
      database: world.database,
      leaseMs: LEASE_MS,
      ...(fault === undefined ? {} : { fault }),
    }
    const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    said.set(child, '')
    child.stderr.on('data', (chunk: Buffer) => said.set(child, (saidBy(child) + chunk.toString()).slice(-10_000)))
    const ready = once(child.stdout, 'data')
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the worker ended: ${saidBy(child)}`)
    })
    ended.catch(() => undefined)
    await Promise.race([ready, ended])
    return child
  }
  const gone = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  const ownersOf = async (): Promise<Map<string, number>> => {
    const rows = await world.ledger.partitions.all()
    return new Map(
      [...Map.groupBy(rows, ({ owner, until: end, now }) => (end > now ? (owner ?? '') : ''))].map(([owner, own]) => [
        owner,
        own.length,
      ]),
    )
  }
  const raised = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) await world.tells(id, 1)
  }
  /** Everything is decided and stored, and the last worker has gone in order: nothing more comes of it. */
  const finished = async (last: ChildProcess, ids: readonly string[], readings: number): Promise<void> => {
    await raised(ids)
    await until('all is stored', async () => (await world.redis.hlen(STORED_KEY)) === readings, WITHIN_MS)
    last.kill('SIGTERM')
    await gone(last)
    expect(last.exitCode).toBe(0)
  }

  it.each(POINTS)(
    'G1: killed at %s, nothing is lost and nothing is decided twice',
    async (point) => {
      const ids = Array.from({ length: 8 }, (_, i) => `d${i}`)
      for (const id of ids) await world.device(id)
      const worker = await start({ point, nth: 5 })
      let ts = world.clock.wall()
      for (const value of [3, 26, 4, 27])
        for (const id of ids) await world.say(id, { ts: ++ts, values: { gas_lel: value } })
      await gone(worker)
      for (const id of ids) await world.say(id, { ts: ++ts, values: { gas_lel: 28 } })
      await finished(await start(), ids, 5 * ids.length)
      for (const id of ids) expect(await world.told(id), id).toEqual(['raised threshold gas.gas_lel'])
    },
    WITHIN_MS * 2,
  )

  it.each(['pipeline.journal_started', 'pipeline.journal_committed'] as const)(
    'killed at %s, what people did counts once and is answered',
    async (point) => {
      const ids = Array.from({ length: 6 }, (_, i) => `d${i}`)
      for (const id of ids) await world.device(id)
      for (const id of ids) await world.gas(id, 26)
      await finished(await start(), ids, ids.length)
      const alarms = new Map(
        (await world.transitions()).map(({ transition: { alarm } }) => [alarm.deviceId, alarm] as const),
      )
      const worker = await start({ point, nth: 3 })
      const requests = new Map<string, string>()
      for (const id of ids) {
        const alarmId = alarms.get(id)?.id ?? ''
        for (const seq of [null, -1]) {
          const requestId = randomUUID()
          const act: Act = { name: 'comment', alarmId, seq, by: OFFICER, reason: null, comment: '已到场' }
          requests.set(requestId, seq === null ? 'done' : 'refused')
          await world.act(id, act, requestId, world.clock.wall() + 600_000)
        }
      }
      await gone(worker)
      const last = await start()
      for (const [requestId, what] of requests)
        expect((await world.answer(requestId)).ok, requestId).toBe(what === 'done')
      await finished(last, ids, ids.length)
      for (const id of ids)
        expect(await world.told(id)).toEqual(['raised threshold gas.gas_lel', 'commented human gas.gas_lel'])
    },
    WITHIN_MS * 2,
  )

  it(
    'frozen for longer than its lease, it writes nothing when it wakes',
    async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `d${i}`)
      for (const id of ids) await world.device(id)
      const frozen = await start()
      await until('it owns all', async () => (await ownersOf()).get('') === undefined, WITHIN_MS)
      const before = await world.ledger.partitions.all()
      for (const id of ids) await world.gas(id, 3)
      frozen.kill('SIGSTOP')
      const other = await start()
      for (const id of ids) await world.gas(id, 26)
      await raised(ids)
      await until(
        'every partition is somebody else’s',
        async () =>
          (await world.ledger.partitions.all()).every(
            ({ epoch }, partition) => epoch > (before[partition]?.epoch ?? 0),
          ),
        WITHIN_MS,
      )
      frozen.kill('SIGCONT')
      for (const id of ids) await world.gas(id, 27)
      const shared = async (): Promise<boolean> => {
        const owners = await ownersOf()
        return owners.size === 2 && !owners.has('')
      }
      await until('both own their share, and all of it', shared, WITHIN_MS).catch(async (error: unknown) => {
        throw new Error(
          `${String(error)}: ${JSON.stringify([...(await ownersOf())])}\n${children.map(saidBy).join('\n---\n')}`,
        )
      })
      await world.settled()
      for (const id of ids) expect(await world.told(id), id).toEqual(['raised threshold gas.gas_lel'])
      const seqs = (await world.transitions()).map(({ transition }) => transition.seq)
      expect(seqs).toEqual(seqs.map((_, i) => i + 1))
      expect([...(await ownersOf()).values()].reduce((a, b) => a + b, 0)).toBe(PARTITIONS)
      expect(other.exitCode).toBeNull()
    },
    WITHIN_MS * 2,
  )

  it(
    'killed again and again under load, every device tells its alarm once, in order',
    async () => {
      const ids = Array.from({ length: 30 }, (_, i) => `d${i}`)
      for (const id of ids) await world.device(id)
      const workers = [await start(), await start(), await start()]
      let ts = world.clock.wall()
      let sent = 0
      for (let round = 0; round < 3; round++) {
        const load = (async () => {
          for (let i = 0; i < 10; i++) {
            await Promise.all(
              ids.map((id) =>
                world.say(id, { ts: ts + i, values: { gas_lel: round === 1 && i === 5 ? 26 : 3 + i / 100 } }),
              ),
            )
            sent += ids.length
          }
          ts += 1_000
        })()
        const victim = workers.shift() as ChildProcess
        victim.kill('SIGKILL')
        await gone(victim)
        await load
        workers.push(await start())
      }
      await world.settled()
      for (const id of ids) expect((await world.told(id))[0], id).toBe('raised threshold gas.gas_lel')
      for (const id of ids)
        expect(
          (await world.told(id)).filter((told) => told.startsWith('raised')),
          id,
        ).toHaveLength(1)
      expect(await world.redis.hlen(STORED_KEY)).toBe(sent)
    },
    WITHIN_MS * 3,
  )
})
