import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { fromOwnPage, originOf, trustOf } from '../../../dashboard/server/origin.ts'

const requestFrom = (remoteAddress: string, headers: Record<string, string>) =>
  ({ socket: { remoteAddress }, headers: { host: 'hub.example', ...headers } }) as unknown as IncomingMessage

describe('where a call comes from', () => {
  const trusted = trustOf(['10.0.0.0/8', '::1', 'fd00::/8'])

  it.each([
    ['203.0.113.5', {}, '203.0.113.5'],
    ['::ffff:203.0.113.5', {}, '203.0.113.5'],
    // Who is no trusted proxy may say what they like.
    ['203.0.113.5', { 'x-forwarded-for': '198.51.100.1' }, '203.0.113.5'],
    ['10.0.0.2', { 'x-forwarded-for': '198.51.100.1' }, '198.51.100.1'],
    ['::ffff:10.0.0.2', { 'x-forwarded-for': '198.51.100.1' }, '198.51.100.1'],
    // The proxy appends; what stands to the left of the first stranger was sent by the stranger.
    ['10.0.0.2', { 'x-forwarded-for': '127.0.0.1, 198.51.100.1' }, '198.51.100.1'],
    ['10.0.0.2', { 'x-forwarded-for': '127.0.0.1, 198.51.100.1, 10.0.0.3' }, '198.51.100.1'],
    ['10.0.0.2', { 'x-forwarded-for': 'nonsense, 198.51.100.1' }, '198.51.100.1'],
    ['10.0.0.2', { 'x-forwarded-for': 'nonsense' }, '10.0.0.2'],
    ['::1', { 'x-forwarded-for': '2001:db8::7' }, '2001:db8::7'],
  ])('%s with %j is %s', (peer, headers, address) => {
    expect(originOf(requestFrom(peer, headers), trusted).address).toBe(address)
  })

  it('takes scheme and host from a trusted proxy only', () => {
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.example' }
    expect(originOf(requestFrom('10.0.0.2', headers), trusted)).toMatchObject({ secure: true, host: 'public.example' })
    expect(originOf(requestFrom('203.0.113.5', headers), trusted)).toMatchObject({ secure: false, host: 'hub.example' })
  })

  it('knows a call through any proxy from a direct one', () => {
    expect(originOf(requestFrom('127.0.0.1', {}), trusted).direct).toBe(true)
    for (const name of ['x-forwarded-for', 'forwarded'])
      expect(originOf(requestFrom('127.0.0.1', { [name]: 'x' }), trusted).direct).toBe(false)
  })

  it.each([
    [{}, true],
    [{ origin: 'http://hub.example' }, true],
    [{ origin: 'http://hub.example', 'sec-fetch-site': 'same-origin' }, true],
    [{ origin: 'https://page.example' }, true],
    [{ origin: 'https://page.example', 'sec-fetch-site': 'cross-site' }, true],
    [{ origin: 'https://hub.example' }, false],
    [{ origin: 'http://hub.example:81' }, false],
    [{ origin: 'http://hub.example.evil.example' }, false],
    [{ origin: 'http://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: '' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
  ])('%j from our own page: %s', (headers, own) => {
    const request = requestFrom('203.0.113.5', headers)
    expect(fromOwnPage(request, originOf(request, trusted), ['https://page.example'])).toBe(own)
  })

  it.each(['10.0.0.0/33', 'proxy.example', '', '::1/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'refuses the proxy %j',
    (entry) => {
      expect(() => trustOf([entry])).toThrow('not an address')
    },
  )
})
