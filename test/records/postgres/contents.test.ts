// Contents of files in the database, and entries that were set aside.
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { LOCK_SPACE, UPKEEP } from '../../../records/postgres/locks.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { until } from '../../support/hub-process.ts'
import { ADMIN, heldBack, newDatabase, startedClusterLedger, typedInto } from '../fixture.ts'

const MB = 1024 * 1024
const LATER = Date.now() + 2 * 3_600_000

async function twoDashboards() {
  const url = await newDatabase()
  const one = await startedClusterLedger(url)
  const two = await startedClusterLedger(url)
  const site = await one.places.createSite(ADMIN, { name: '槐荫12号', area: '示范县' })
  const file = (content: Uint8Array) => ({
    ...{ subject: `site:${site.id}`, name: '平面图.png', type: 'image/png' as const, content },
  })
  const pieces = async () => (await typedInto(url, 'select sha256 from content_piece')).length
  return { url, one, two, site, file, pieces }
}

describe('contents of files', () => {
  it('of any size are read by every dashboard as they were given', async () => {
    const { one, two, file } = await twoDashboards()
    for (const bytes of [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 10 * MB]) {
      const content = randomBytes(bytes)
      const stored = await one.files.add(ADMIN, file(content))
      const found = await two.files.get(EVERYTHING, stored.id)
      const stream = found === null ? null : await two.files.read(found)
      const read = stream === null ? null : await buffer(stream)
      expect([bytes, read?.length, hash(read)]).toEqual([bytes, bytes, hash(content)])
    }
  })

  it('go with the last file that names them, but not while another dashboard may be about to name them', async () => {
    const { url, one, two, file, pieces } = await twoDashboards()
    const content = randomBytes(MB)
    const first = await one.files.add(ADMIN, file(content))
    const second = await two.files.add(ADMIN, file(content))
    expect(await pieces()).toBe(4)
    await one.files.remove(ADMIN, first.id)
    expect(await pieces()).toBe(4)
    // Given a moment ago: it waits.
    await two.files.remove(ADMIN, second.id)
    expect(await pieces()).toBe(4)
    await one.maintain(LATER)
    expect(await pieces()).toBe(4)
    await typedInto(url, 'update content_piece set at = at - 600000')
    await two.maintain(LATER)
    expect(await pieces()).toBe(0)

    const third = await one.files.add(ADMIN, file(content))
    await typedInto(url, 'update content_piece set at = at - 600000')
    await two.files.remove(ADMIN, third.id)
    expect(await pieces()).toBe(0)
    expect(await one.files.read(third)).toBeNull()
  })

  it('that are given again while they are named by nobody stay', async () => {
    const { url, one, two, file, pieces } = await twoDashboards()
    const content = randomBytes(1000)
    const first = await one.files.add(ADMIN, file(content))
    await typedInto(url, 'delete from file', 'update content_piece set at = at - 600000')
    const again = await two.files.add(ADMIN, file(content))
    expect(again.sha256).toBe(first.sha256)
    await one.maintain(LATER)
    expect(await pieces()).toBe(1)
  })
})

describe('upkeep', () => {
  it('is done by one process at a time', async () => {
    const { url, one, two } = await twoDashboards()
    await one.answers.add({ requestId: 'old', body: '' })
    await typedInto(url, `update answer set at = 0`)
    const free = await heldBack(url, `select pg_advisory_lock(${LOCK_SPACE}, ${UPKEEP})`)
    await Promise.all([one.maintain(LATER), two.maintain(LATER)])
    expect(await two.answers.find('old')).toBe('')
    await free()
    await until('it is done', async () => {
      await Promise.all([one.maintain(LATER), two.maintain(LATER)])
      return (await two.answers.find('old')) === null
    })
  })
})

describe('entries that were set aside', () => {
  it('are listed newest first, each once, however often it was read', async () => {
    const { one, two } = await twoDashboards()
    const entry = { partition: 3, at: 1, problem: 'not_json', deviceId: 'D1', sample: '{"a":"<20 bytes>"}' }
    for (const position of [5, 6, 5, 7]) await one.setAsides.add({ ...entry, position })
    const first = await two.setAsides.list({ limit: 2 })
    expect([first.total, first.items.map(({ position }) => position)]).toEqual([3, [7, 6]])
    expect(first.items[0]).toEqual({ ...entry, position: 7, id: first.items[0]?.id })
    const rest = await two.setAsides.list({ limit: 2, before: first.items[1]?.id })
    expect(rest.items.map(({ position }) => position)).toEqual([5])
  })
})

const hash = (content: Uint8Array | null): string | null =>
  content === null ? null : createHash('sha256').update(content).digest('hex')
