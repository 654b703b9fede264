// Who is there, as dashboards learn it: loaded, told, and found out when nobody told.
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Presences } from '../../../cluster/dashboard/presences.ts'
import { PRESENCE_CHANNEL, presenceOf } from '../../../cluster/keys.ts'
import { decodePresence, encodePresence, encodePresenceNews } from '../../../cluster/live-words.ts'
import type { PresenceNews } from '../../../cluster/live-words.ts'
import { connectRedis } from '../../../cluster/redis.ts'
import { Subscriber } from '../../../cluster/subscriber.ts'
import { partitionOf } from '../../../contract/partitions.ts'
import { until } from '../../support/hub-process.ts'
import { REDIS_MISSING, startRedis } from '../../support/services/redis.ts'
import type { RedisServer } from '../../support/services/redis.ts'

describe.skipIf(REDIS_MISSING)('presence at a dashboard', () => {
  let server: RedisServer
  let writer: Redis
  let reader: Redis
  let listener: Redis
  let presences: Presences
  const told: PresenceNews[] = []

  const write = (deviceId: string, online: boolean, lastHeardAt: number | null) =>
    writer.hset(presenceOf(partitionOf(deviceId)), deviceId, encodePresence({ online, lastHeardAt }))

  beforeAll(async () => {
    server = await startRedis()
    ;[writer, reader, listener] = [1, 2, 3].map(() =>
      connectRedis({ url: server.url, name: 'test', onError: () => undefined }),
    ) as [Redis, Redis, Redis]
    await until('connected', () => [writer, reader, listener].every(({ status }) => status === 'ready'))
    await write('there', true, 5)
    await write('gone', false, 4)
    await write('never', false, null)
    presences = new Presences({
      redis: reader,
      subscriber: new Subscriber(listener),
      changed: (deviceId, online, at) => void told.push({ deviceId, online, at }),
      now: () => 99,
      healEveryMs: 5,
    })
    await presences.start()
  })
  afterAll(async () => {
    presences.stop()
    for (const redis of [writer, reader, listener]) redis.disconnect()
    await server.dispose()
  })

  it('is there from the start', () => {
    expect([...presences.online()]).toEqual(['there'])
    expect(presences.of('gone')).toEqual({ online: false, lastHeardAt: 4 })
    expect(presences.of('never')).toEqual({ online: false, lastHeardAt: null })
    expect(presences.of('unknown')).toEqual({ online: false, lastHeardAt: null })
  })

  it('follows what is told, and a hash that is older than it does not undo it', async () => {
    told.length = 0
    await until(
      'the channel is listened to',
      async () => ((await writer.pubsub('NUMSUB', PRESENCE_CHANNEL)) as [string, number])[1] === 1,
    )
    await writer.publish(PRESENCE_CHANNEL, encodePresenceNews([{ deviceId: 'gone', online: true, at: 10 }]))
    await until('it is told', () => told.length > 0)
    expect(told).toEqual([{ deviceId: 'gone', online: true, at: 10 }])
    // Rounds over the old hash: 64 partitions at 5 ms each, twice.
    await write('marker', true, 1)
    await until('every partition was read again', () => presences.of('marker').online)
    expect(presences.of('gone')).toEqual({ online: true, lastHeardAt: 10 })
    expect(told.filter(({ deviceId }) => deviceId === 'gone').length).toBe(1)
  })

  it('finds out what nobody told', async () => {
    told.length = 0
    await write('there', false, 20)
    await until('it is found', () => told.some(({ deviceId }) => deviceId === 'there'))
    expect(told).toContainEqual({ deviceId: 'there', online: false, at: 20 })
    expect(presences.of('there')).toEqual({ online: false, lastHeardAt: 20 })
  })

  it('keeps what was known while Redis is away, and follows again when it is back', async () => {
    await write('stays', true, 30)
    await until('it is known', () => presences.of('stays').online)
    await server.kill()
    await until('the connection is lost', () => reader.status !== 'ready')
    expect(presences.of('stays').online).toBe(true)
    await server.restart()
    await until('writing works', () =>
      write('returned', true, 40).then(
        () => true,
        () => false,
      ),
    )
    await until('it follows', () => presences.of('returned').online)
    await until('news arrive', async () => {
      await writer.publish(PRESENCE_CHANNEL, encodePresenceNews([{ deviceId: 'news', online: true, at: 50 }]))
      return presences.of('news').online
    })
  })

  it('takes no word that it does not know', async () => {
    expect(decodePresence('yes 5')).toBeNull()
    expect(decodePresence('1')).toBeNull()
    expect(decodePresence('1 soon')).toBeNull()
    for (const text of ['', '{', '{"a":1}', '[1,2]', '[["x"]]']) await writer.publish(PRESENCE_CHANNEL, text)
    await writer.publish(PRESENCE_CHANNEL, encodePresenceNews([{ deviceId: 'after', online: true, at: 60 }]))
    await until('what follows is heard', () => presences.of('after').online)
  })
})
