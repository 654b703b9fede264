// Who opened a door is known for thirty days.
import { describe, expect, it } from 'vitest'
import { PERSON_DAYS } from '../../../ingest/readings/schema.ts'
import type { StoredEvent } from '../../../ingest/readings/port.ts'
import { DAY, directory, event, KEEP, KINDS, sealAfter, START, storeIn } from './county.ts'

const kinds = { ...KINDS, access: ['battery'] }

const opened = (position: number, day: number, data: StoredEvent['data'], given: Partial<StoredEvent> = {}) =>
  event(position, {
    deviceId: 'gate-1',
    kind: 'access',
    name: 'access_granted',
    ts: START + day * DAY + position * 1000,
    data,
    ...given,
  })

describe('a door’s pseudonyms', () => {
  it('go after thirty days, from sealed days and across months, and the events stay', async () => {
    const path = await directory()
    let store = storeIn(path, { kinds })
    await store.start()
    const events = [
      opened(1, 0, { credential: 'card', person: 'p-1', reason: 'ok' }),
      opened(2, 0, { person: 'a "quoted\\" name, with } signs' }),
      opened(3, 0, { credential: '"person":"not one"', person: 'p-2' }, { name: 'access_denied' }),
      opened(4, 0, { person: 'p-3', credential: 'code' }, { type: 'status' }),
      // Another kind's field of that name is no person.
      event(5, { ts: START, data: { person: 'technician' } }),
      opened(6, 20, { credential: 'card', person: 'p-1' }),
      opened(7, 35, { credential: 'card', person: 'p-1' }),
    ]
    await store.append(events)
    const read = async (deviceId = 'gate-1') =>
      (await store.events({ deviceId, from: START, to: START + 60 * DAY, limit: 100 }))
        .toSorted((a, b) => a.position - b.position)
        .map(({ data }) => data)
    await sealAfter(store, 35)
    expect(await read()).toEqual([
      { credential: 'card', reason: 'ok' },
      {},
      { credential: '"person":"not one"' },
      { credential: 'code' },
      { credential: 'card', person: 'p-1' },
      { credential: 'card', person: 'p-1' },
    ])
    expect(await read('meter-1')).toEqual([{ person: 'technician' }])

    // What comes late is as old as what it tells of.
    await store.append([opened(8, 1, { person: 'late' })])
    await sealAfter(store, 36)
    await sealAfter(store, 37)
    expect(JSON.stringify(await read())).not.toContain('late')
    await store.stop()
    store = storeIn(path, { kinds })
    await store.start()
    await store.maintain(START + (20 + PERSON_DAYS + 1.5) * DAY, KEEP)
    expect((await read()).filter((data) => 'person' in data)).toEqual([{ credential: 'card', person: 'p-1' }])
    expect(await read()).toHaveLength(7)
  })
})
