// The file of ZHIAN_BRIDGES: what it may say, and what is said about what it may not, all at once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../../hub/config.ts'
import { ROOT } from '../../support/hub-process.ts'
import { BridgesUnusable, readBridges } from '../../../ingest/bridge/config.ts'
import type { BridgeConfig } from '../../../ingest/bridge/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'zhian-bridges-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const listed = (...bridges: unknown[]): string => file('bridges.json', JSON.stringify({ bridges }))
const PLAIN = { name: 'county', url: 'mqtt://mqtt.example.cn', devices: { ids: ['*'] } }
const read = (change: object): BridgeConfig => readBridges(listed({ ...PLAIN, ...change }))[0] as BridgeConfig
const problems = (path: string): readonly string[] => {
  try {
    readBridges(path)
  } catch (error) {
    if (error instanceof BridgesUnusable) return error.problems
    throw error
  }
  return []
}

describe('the file of bridges', () => {
  it('needs a name, an address and whose devices it brings; the rest has defaults', () => {
    const config = read({})
    expect(config).toMatchObject({
      name: 'county',
      protocolVersion: 4,
      qos: 1,
      inFlight: 200,
      keepaliveSeconds: 10,
      clientIds: ['zhian-county'],
      share: null,
    })
    expect(config.topics.map(({ filter }) => filter)).toEqual(['zhian/v1/+/+', 'zhian/v1/+/children/+/+'])
  })

  it('gives each connection of a shared subscription its own client id, and each number of them its own group', () => {
    const { clientIds, share } = read({ shared: { connections: 3, spreadBy: 'topic' } })
    expect(clientIds).toEqual(['zhian-county-1', 'zhian-county-2', 'zhian-county-3'])
    expect(share?.group).toBe('zhian-county-of-3')
    expect(share?.former).toHaveLength(14)
    expect(share?.former).not.toContain(share?.group)
  })

  it('reads the password from its file, without the end of the line', () => {
    const { login } = read({ username: 'zhian', passwordFile: file('password', 'correct horse\n') })
    expect(login.password?.toString()).toBe('correct horse')
  })

  it('says everything that is wrong at once, in Chinese and English, and where', () => {
    const found = problems(
      listed(
        { ...PLAIN, url: 'http://a', qos: 2, protocolVersion: 3, colour: 'red' },
        { ...PLAIN, url: 'mqtt://user:secret@host', devices: {}, name: 'Gas Company' },
        { ...PLAIN, url: 'mqtt://host', tls: { certFile: 'a' }, passwordFile: 'b', topics: ['a/+/b', 'zhian/#'] },
        { name: 'none' },
        { ...PLAIN, shared: { connections: 1 }, devices: { ids: ['*-1'], kinds: ['toaster'] } },
      ),
    )
    for (const start of [
      'bridges[0]: 没有这一项 no such setting: colour',
      'bridges[0].url: 须为 mqtt://',
      'bridges[0].qos: 只能是 0 或 1',
      'bridges[0].protocolVersion: 只能是 4 或 5',
      'bridges[1].url: 不能含用户名或密码',
      'bridges[1].name: 只能用小写字母',
      'bridges[1].devices: 须给出 ids、kinds 或 areas',
      'bridges[2].tls: certFile 与 keyFile 须同时给出',
      'bridges[2].topics[0]: 须有一层写 {device}',
      'bridges[2].topics[1]: 每层只能是文字',
      'bridges[3].url: 必填 is needed',
      'bridges[3].devices: 必填 is needed',
      'bridges[4].shared.connections: 不能小于 2',
      'bridges[4].shared.spreadBy: 只能是 topic、publisher',
      'bridges[4].devices.ids[0]: 须为设备编号',
      'bridges[4].devices.kinds[0]: 只能是',
    ])
      expect(found.join('\n')).toContain(start)
    expect(found.join('\n')).not.toContain('secret')
    for (const line of found) expect(line).toMatch(/[一-鿿].*[a-z]{2}/)
  })

  it('finds what only fits together wrongly', () => {
    expect(problems(listed({ ...PLAIN, passwordFile: 'x' })).join()).toContain(
      'bridges[0].username: 有 passwordFile 时必填',
    )
    expect(problems(listed({ ...PLAIN, tls: {} })).join()).toContain('bridges[0].tls: 只用于 mqtts://')
    expect(problems(listed(PLAIN, PLAIN)).join()).toContain('bridges[1].name: 已有一条用了它')
    const same = { ...PLAIN, clientId: 'one' }
    expect(problems(listed(same, { ...same, name: 'two' })).join()).toContain('bridges[1].clientId: 已有一条用了它')
    expect(problems(listed({ ...PLAIN, username: 'a', passwordFile: join(folder, 'none') })).join()).toMatch(
      /bridges\[0\]\.passwordFile: 读不了 cannot be read: ENOENT/,
    )
    const notPem = file('not.pem', 'no certificate')
    const tls = { url: 'mqtts://host', tls: { certFile: notPem, keyFile: notPem } }
    expect(problems(listed({ ...PLAIN, ...tls })).join()).toContain('bridges[0].tls: 证书或私钥不可用 cannot be used')
  })

  it('is as the guide shows it', () => {
    const guide = readFileSync(join(ROOT, 'docs', 'guide', 'bridge.md'), 'utf8')
    const example = /```json\n([^`]+)```/.exec(guide)?.[1] ?? ''
    const there = file('example-password', 'x')
    const bridges = readBridges(
      file(
        'example.json',
        example.replaceAll(/"\/etc\/zhian\/[^"]+\.password"/g, JSON.stringify(there)).replace(/"tls": .*\n/, ''),
      ),
    )
    expect(bridges.map(({ name }) => name)).toEqual(['gas-company', 'old-town'])
    expect(bridges[0]?.topics[0]?.read('county/zhian/v1/GAS-1/events')?.deviceId).toBe('GAS-1')
  })

  it('is no start without it: the hub names the file’s mistakes beside its own', () => {
    const broken = file('broken.json', '{')
    try {
      readConfig({ ZHIAN_BRIDGES: broken, ZHIAN_HTTP_PORT: 'x' })
      expect.unreachable()
    } catch (error) {
      const text = (error as ConfigError).problems.join('\n')
      expect(text).toContain(`ZHIAN_BRIDGES: ${broken}: 不是 JSON is not JSON`)
      expect(text).toContain('ZHIAN_HTTP_PORT')
    }
    expect(readConfig({ ZHIAN_BRIDGES: listed(PLAIN) }).bridges.map(({ name }) => name)).toEqual(['county'])
    expect(readConfig({}).bridges).toEqual([])
    // Who reads none needs neither the file nor its secrets.
    const cluster = {
      ZHIAN_DATABASE_URL: 'postgres://h/d',
      ZHIAN_REDIS_URL: 'redis://h',
      ZHIAN_VICTORIA_URL: 'http://h',
      ZHIAN_BRIDGES: broken,
    }
    expect(readConfig({ ...cluster, ZHIAN_ROLE: 'ingest' }).bridges).toEqual([])
    expect(() => readConfig({ ...cluster, ZHIAN_ROLE: 'broker' })).toThrow(/is not JSON/)
  })
})
