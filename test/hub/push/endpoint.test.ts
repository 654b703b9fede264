import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpsSender, isEndpoint, isPublicAddress } from '../../../hub/push/endpoint.ts'
import { makeCertificate } from '../../support/certificate.ts'
import type { CertificateFiles } from '../../support/certificate.ts'
import { PushService } from '../../support/push-service.ts'

describe('where a message may go', () => {
  it('is a public address', () => {
    for (const address of ['8.8.8.8', '142.250.1.1', '2607:f8b0:4005:80a::200a', '172.15.0.1', '172.32.0.1'])
      expect([address, isPublicAddress(address)]).toEqual([address, true])
    for (const address of [
      ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
      ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1', '::1', '::', 'fe80::1', 'fc00::1', 'ff02::1'],
      ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:db8::1', 'localhost', ''],
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false])
  })

  it('is https to a name of the public internet, without a port or a password', () => {
    for (const endpoint of [
      'https://fcm.googleapis.com/fcm/send/abc:def',
      'https://web.push.apple.com/QA',
      'https://updates.push.services.mozilla.com/wpush/v2/x',
    ])
      expect([endpoint, isEndpoint(endpoint)]).toEqual([endpoint, true])
    for (const endpoint of [
      ...['http://push.example.org/x', 'https://localhost/x', 'https://hub/x', 'https://printer.local/x', 'nothing'],
      ...['https://127.0.0.1/x', 'https://[::1]/x', 'https://169.254.169.254/latest', 'https://0x7f000001/x'],
      ...['https://2130706433/x', 'https://a:b@push.example.org/x', 'https://push.example.org:8443/x'],
      ...['https://db.internal/x', 'file:///etc/passwd', 'https://127.1/'],
    ])
      expect([endpoint, isEndpoint(endpoint)]).toEqual([endpoint, false])
  })
})

describe('the way there', () => {
  let folder: string
  let files: CertificateFiles
  let service: PushService
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zhian-push-'))
    files = makeCertificate(folder)
    service = new PushService(files)
    await service.start()
  })
  afterAll(async () => {
    await service.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('judges the address that the name leads to: localhost, and 127.0.0.1 itself, are never called', async () => {
    const { send, close } = httpsSender()
    const { endpoint } = service.subscribe('inside')
    await expect(send(endpoint, {}, Buffer.from('x'))).rejects.toThrow(/no public address/)
    await expect(send(endpoint.replace('localhost', '127.0.0.1'), {}, Buffer.from('x'))).rejects.toThrow(/not public/)
    expect(service.calls).toBe(0)
    close()
  })

  it('follows no redirect and tells when to come back', async () => {
    const { send, close } = httpsSender({ mayCall: () => true, ca: files.cert })
    const { endpoint } = service.subscribe('elsewhere')
    service.answers.push({ status: 307 }, { status: 429, retryAfter: 30 })
    const before = service.calls
    expect(await send(endpoint, {}, Buffer.from('x'))).toEqual({ status: 307, retryAfter: null })
    expect(await send(endpoint, {}, Buffer.from('x'))).toEqual({ status: 429, retryAfter: 30 })
    expect(service.calls).toBe(before + 2)
    close()
  })

  it('believes no certificate but a true one', async () => {
    const { send, close } = httpsSender({ mayCall: () => true })
    await expect(send(service.subscribe('false').endpoint, {}, Buffer.from('x'))).rejects.toThrow()
    close()
  })
})
