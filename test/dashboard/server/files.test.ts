// Files over HTTP: who sees them, how they come and go, and what of them lies on disk.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_FILE_BYTES } from '../../../contract/http/files.ts'
import type { StoredFile } from '../../../contract/http/files.ts'
import type { Page } from '../../../contract/http/common.ts'
import { contentPath, filesIn } from '../../../records/file-contents.ts'
import { EVERYTHING } from '../../../records/scope.ts'
import { JPEG, PDF, PNG, WEBP, jpegWithEverything } from './pictures.ts'
import { CONSOLE, World } from './world.ts'

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

describe('files', () => {
  let world: World
  beforeAll(async () => {
    world = await World.start()
    await world.raiseThree()
  })
  afterAll(() => world.stop())

  const send = async (user: string, subject: string, body: Uint8Array, name = '现场.jpg', headers = {}) =>
    world.call<StoredFile>('POST', `/files?${new URLSearchParams({ subject, name })}`, {
      as: await world.as(user),
      body,
      headers,
    })
  const listed = async (user: string, subject: string) =>
    (await world.call<Page<StoredFile>>('GET', `/files?subject=${subject}`, { as: await world.as(user) })).body
  const fetched = async (user: string, id: string, headers: Record<string, string> = {}) => {
    const cookie = await world.as(user)
    return fetch(`${world.base}/api/v1/files/${id}`, { headers: { cookie, ...headers } })
  }
  const onDisk = (hash: string) => contentPath(filesIn(world.directory), hash)

  it('is kept clean, listed, and given back as what it is', async () => {
    const sent = await send('manager', 'device:DEV-A', jpegWithEverything(6), 'C:\\照片\\漏电 "1".jpg')
    expect(sent.status).toBe(201)
    const kept = readFileSync(onDisk(sent.body.sha256))
    expect(kept.includes('GPS')).toBe(false)
    expect(sent.body).toMatchObject({
      subject: 'device:DEV-A',
      name: '漏电 _1_.jpg',
      type: 'image/jpeg',
      bytes: kept.length,
      sha256: sha256(kept),
      by: { id: world.users['manager'], name: 'manager 某' },
    })
    expect((await listed('manager', 'device:DEV-A')).items[0]).toEqual(sent.body)

    const answer = await fetched('duty', sent.body.id)
    expect(Buffer.from(await answer.arrayBuffer()).equals(kept)).toBe(true)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(kept.length),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/) as string,
      'cache-control': 'private, max-age=31536000, immutable',
      'content-disposition': expect.stringMatching(/^inline; filename="__ _1_\.jpg"; filename\*=UTF-8''%E6/) as string,
      etag: `"${sent.body.sha256}"`,
    })
    const again = await fetched('duty', sent.body.id, { 'if-none-match': `"${sent.body.sha256}"` })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  it('is what its content says, whatever its name and its sender call it', async () => {
    const png = await send('manager', `site:${world.sites.a}`, PNG, 'page.html', { 'content-type': 'image/jpeg' })
    expect(png.body).toMatchObject({ type: 'image/png', name: 'page.html' })
    expect((await fetched('manager', png.body.id)).headers.get('content-type')).toBe('image/png')
    const pdf = await send('manager', `site:${world.sites.a}`, PDF, '合同.pdf')
    expect((await fetched('manager', pdf.body.id)).headers.get('content-disposition')).toMatch(/^attachment;/)
    for (const page of ['<!doctype html><script>1</script>', '<svg xmlns="http://www.w3.org/2000/svg"/>']) {
      const refused = await send('manager', `site:${world.sites.a}`, Buffer.from(page), 'a.png', {
        'content-type': 'image/png',
      })
      expect(refused.status).toBe(400)
      expect(JSON.stringify(refused.body)).toMatch(/只接收 JPEG/)
    }
    const typed = await send('manager', `site:${world.sites.a}`, Buffer.from('<html>'), 'a', {
      'content-type': 'text/html',
    })
    expect(typed.status).toBe(400)
  })

  it('that is too large is refused before it is read', async () => {
    const cookie = await world.as('manager')
    const answered = await new Promise<{ status: number; sent: boolean }>((resolve, reject) => {
      let sent = false
      const call = request(
        `${world.base}/api/v1/files?subject=device:DEV-A&name=a.jpg`,
        {
          method: 'POST',
          headers: { cookie, 'content-type': 'image/jpeg', 'content-length': String(MAX_FILE_BYTES + 1) },
        },
        (answer) => {
          resolve({ status: answer.statusCode ?? 0, sent })
          call.destroy()
        },
      )
      call.on('error', reject)
      call.flushHeaders()
      call.on('finish', () => (sent = true))
    })
    expect(answered).toEqual({ status: 413, sent: false })
    // Without a length it is counted while it comes.
    const chunked = await new Promise<number>((resolve, reject) => {
      const headers = { cookie, 'content-type': 'image/jpeg', 'transfer-encoding': 'chunked' }
      const path = `${world.base}/api/v1/files?subject=device:DEV-A&name=a.jpg`
      const call = request(path, { method: 'POST', headers }, (answer) => {
        resolve(answer.statusCode ?? 0)
        call.destroy()
      })
      call.on('error', reject)
      call.write(new Uint8Array(MAX_FILE_BYTES))
      call.write(new Uint8Array(1))
    })
    expect(chunked).toBe(413)
  })

  it('G9: is seen, sent and removed by whoever sees what it belongs to, and by nobody else', async () => {
    const subjects = {
      a: ['device:DEV-A', `site:${world.sites.a}`, 'alarm:alarm-a'],
      b: ['device:DEV-B', `site:${world.sites.b}`, 'alarm:alarm-b'],
      hub: ['device:DEV-NOWHERE', 'alarm:alarm-hub'],
    }
    const sees: Record<string, string[]> = {
      duty: ['a', 'b', 'hub'],
      manager: ['a'],
      warden: ['b'],
      town: ['a'],
      grid: ['b'],
      installer: ['b'],
    }
    for (const [place, all] of Object.entries(subjects)) {
      for (const subject of all) {
        const file = (await send('duty', subject, WEBP)).body
        for (const [user, places] of Object.entries(sees)) {
          const inside = places.includes(place)
          expect([user, subject, (await fetched(user, file.id)).status]).toEqual([user, subject, inside ? 200 : 404])
          const { items, total } = await listed(user, subject)
          expect([user, subject, items.some(({ id }) => id === file.id), total > 0]).toEqual([
            user,
            subject,
            inside,
            inside,
          ])
          if (!inside) {
            expect((await send(user, subject, WEBP)).status).toBe(404)
            expect((await world.call('DELETE', `/files/${file.id}`, { as: await world.as(user) })).status).toBe(404)
          }
        }
      }
    }
    for (const subject of ['device:none', 'site:none', 'alarm:none', 'inspection:none', 'room:none'])
      expect([subject, (await send('duty', subject, WEBP)).status]).toEqual([subject, 404])
    for (const subject of ['user:admin', 'device', 'device:', 'device:../../ledger', 'constructor:x'])
      expect([subject, (await send('duty', subject, WEBP)).status]).toEqual([subject, 400])
  })

  it('G8: comes and goes with a line of the audit, by ids alone; only who sent it takes it back', async () => {
    const { body: file } = await send('manager', 'device:DEV-A', JPEG, '张三的照片.jpg')
    const remove = async (user: string) =>
      (await world.call('DELETE', `/files/${file.id}`, { as: await world.as(user) })).status
    expect(await remove('town')).toBe(403)
    expect(await remove('manager')).toBe(204)
    expect((await fetched('manager', file.id)).status).toBe(404)
    const trail = await world.ledger.audit.list({ limit: 10, subject: `file:${file.id}` })
    expect(trail.items.map(({ action, actorId, fields }) => [action, actorId, fields])).toEqual([
      ['file.removed', world.users['manager'], ['device:DEV-A']],
      ['file.added', world.users['manager'], ['device:DEV-A']],
    ])
    expect(JSON.stringify(await world.ledger.audit.list({ limit: 500 }))).not.toContain('张三')
  })

  it('has its content kept once, and as long as any file needs it', async () => {
    const one = (await send('duty', 'device:DEV-A', PNG, 'one.png')).body
    const two = (await send('duty', 'device:DEV-B', PNG, 'two.png')).body
    expect(two.sha256).toBe(one.sha256)
    const sharing = (await Promise.all([listed('duty', 'device:DEV-A'), listed('duty', `site:${world.sites.a}`)]))
      .flatMap(({ items }) => items)
      .filter(({ sha256: hash, id }) => hash === one.sha256 && id !== one.id)
    for (const { id } of [one, ...sharing]) await world.call('DELETE', `/files/${id}`, { as: await world.as('duty') })
    expect((await fetched('duty', two.id)).status).toBe(200)
    expect(existsSync(onDisk(two.sha256))).toBe(true)
    await world.call('DELETE', `/files/${two.id}`, { as: await world.as('duty') })
    expect(existsSync(onDisk(two.sha256))).toBe(false)
    // Whoever comes while another goes is not left without a content.
    for (let round = 0; round < 8; round++) {
      const first = (await send('duty', 'device:DEV-A', PNG)).body
      const [, second] = await Promise.all([
        world.call('DELETE', `/files/${first.id}`, { as: await world.as('duty') }),
        send('duty', 'device:DEV-B', PNG),
      ])
      expect(existsSync(onDisk(second.body.sha256))).toBe(true)
      await world.call('DELETE', `/files/${second.body.id}`, { as: await world.as('duty') })
    }
  })

  it('leaves behind a crash only what the next start removes', async () => {
    const folder = filesIn(world.directory)
    const { body: file } = await send('leader', 'device:DEV-A', WEBP)
    const orphan = sha256(Buffer.from('orphan'))
    mkdirSync(join(folder, orphan.slice(0, 2)), { recursive: true })
    writeFileSync(onDisk(orphan), 'orphan')
    writeFileSync(join(folder, 'incoming', 'ab'.repeat(12)), 'half')
    writeFileSync(join(folder, 'README'), 'not ours')
    await world.stopServing()
    await world.ledger.stop()
    world.reopen()
    await world.ledger.start()
    await world.serve()
    expect(existsSync(onDisk(orphan))).toBe(false)
    expect(readdirSync(join(folder, 'incoming'))).toEqual([])
    expect(existsSync(join(folder, 'README'))).toBe(true)
    expect((await fetched('duty', file.id)).status).toBe(200)
    rmSync(onDisk(file.sha256))
    const gone = await fetched('duty', file.id)
    expect(gone.status).toBe(404)
    expect(await gone.text()).toMatch(/files 目录/)
  })

  it('goes with what it belongs to', async () => {
    await world.ledger.devices.create(CONSOLE, { id: 'DEV-BRIEF', kind: 'smoke', name: '临时' })
    const { body: file } = await send('admin', 'device:DEV-BRIEF', JPEG)
    await world.ledger.devices.delete(CONSOLE, 'DEV-BRIEF')
    await world.ledger.devices.create(CONSOLE, { id: 'DEV-BRIEF', kind: 'smoke', name: '另一台' })
    expect(await world.ledger.files.get(EVERYTHING, file.id)).toBeNull()
    expect((await listed('duty', 'device:DEV-BRIEF')).total).toBe(0)
  })
})
