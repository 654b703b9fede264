import { connect } from 'node:net'
import { atLeast, atMost, exactly, figure } from '../../bench/row.ts'
import type { BenchRow } from '../../bench/row.ts'
import { median } from '../../bench/percentile.ts'
import { register } from '../../bench/hub.ts'
import { connectPacket } from '../../load/packets.ts'
import { Api } from '../../support/api.ts'
import { ADMIN_PASSWORD, startHubProcess } from '../../support/hub-process.ts'
import type { HubProcess } from '../../support/hub-process.ts'
import { sized } from '../row.ts'
import type { ChaosRow } from '../row.ts'
import { testsAsRow } from '../tests-as-row.ts'

const SAME_MS = 5
/** Tries in a quarter of an hour: of an account from one address, and from all that are not known together. */
const TRIES = 5
const TRIES_FROM_EVERYWHERE = 100

export const guessing: ChaosRow = {
  number: 24,
  fault: 'client-id hijack; brute force; user enumeration',
  mustHold: 'refused; audited; ≤ 5 ms median difference',
  async run(options) {
    const tries = sized(options, { quick: 20, usual: 100 })
    const hub = await startHubProcess({ environment: { ZHIAN_TRUSTED_PROXIES: '127.0.0.1', ZHIAN_DEVICE_RATE: '0' } })
    try {
      const admin = await Api.signIn(hub.base, 'admin', ADMIN_PASSWORD)
      const people = await personFigures(hub, admin, tries)
      const devices = await deviceFigures(hub, admin, tries)
      const tests = await testsAsRow({
        files: [
          'test/broker/login.test.ts',
          'test/broker/sessions.test.ts',
          'test/dashboard/server/sign-in.test.ts',
          'test/dashboard/server/sign-in-guard.test.ts',
        ],
        named: 'row 24|takes|audits|alike|take over|hijack|hammers|counted',
        say: options.say,
      })
      return {
        size: `${tries} people and ${tries} devices that exist, each beside one that does not; one account guessed at`,
        figures: [...people, ...devices, ...tests],
      }
    } finally {
      await hub.dispose()
    }
  },
}

async function personFigures(hub: HubProcess, admin: Api, tries: number): Promise<BenchRow[]> {
  let caller = 0
  // Guesses come from everywhere, unless an address is named: what is measured is the account, not the address.
  const signIn = async (username: string, address?: string): Promise<[status: number, ms: number]> => {
    caller++
    const everywhere = `10.${caller >> 16}.${(caller >> 8) & 255}.${caller & 255}`
    const from = performance.now()
    const answer = await fetch(`${hub.base}/api/v1/session`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: hub.base,
        'x-forwarded-for': address ?? everywhere,
      },
      body: JSON.stringify({ username, password: 'a wrong guess' }),
    })
    await answer.arrayBuffer()
    return [answer.status, performance.now() - from]
  }
  for (let n = 0; n < tries; n++) {
    const username = `known-${n}`
    await admin.ok('POST', '/users', {
      username,
      name: username,
      role: 'duty',
      password: 'correct horse',
      mustChange: false,
    })
  }
  const [known, unknown]: [number[], number[]] = [[], []]
  let strange = 0
  for (let n = 0; n < tries; n++)
    for (const [name, times] of [
      [`known-${n}`, known],
      [`nobody-${n}`, unknown],
    ] as const) {
      const [status, ms] = await signIn(name)
      if (status !== 401) strange++
      times.push(ms)
    }
  const weighed = async (guesses: number, address?: string) => {
    let taken = 0
    for (let n = 0; n < guesses; n++) if ((await signIn('admin', address))[0] === 401) taken++
    return taken
  }
  const fromOne = await weighed(3 * TRIES, '172.16.0.1')
  const fromAll = await weighed(TRIES_FROM_EVERYWHERE + TRIES)
  const stillIn = (await admin.call('GET', '/me')).status
  const { items } = await admin.ok<{ items: { action: string }[] }>('GET', '/audit?limit=500')
  const refusals = items.filter(({ action }) => /session|sign|login/.test(action)).length
  return [
    figure('a wrong password, median', median(known), 'ms'),
    figure('a name nobody has, median', median(unknown), 'ms'),
    atMost('median difference', Math.abs(median(known) - median(unknown)), 'ms', SAME_MS),
    exactly('answers that tell one from the other', strange, '', 0),
    atMost('guesses at one account from one address that were weighed', fromOne, '', TRIES),
    atMost('guesses at it from everywhere that were weighed', fromOne + fromAll, '', TRIES_FROM_EVERYWHERE),
    exactly('whoever is in stays in', stillIn, '', 200),
    atLeast('refusals in the audit trail', refusals, '', 1),
  ]
}

async function deviceFigures(hub: HubProcess, admin: Api, tries: number): Promise<BenchRow[]> {
  const devices = await register(admin, 'known', 'smoke', tries)
  const [known, unknown]: [number[], number[]] = [[], []]
  for (const [index, { username }] of devices.entries()) {
    known.push(await refusedAfter(hub.mqttPort, username))
    unknown.push(await refusedAfter(hub.mqttPort, `nobody-${index}`))
  }
  return [
    figure('a device’s wrong token, median', median(known), 'ms'),
    figure('a device nobody knows, median', median(unknown), 'ms'),
    atMost('median difference of devices', Math.abs(median(known) - median(unknown)), 'ms', SAME_MS),
  ]
}

function refusedAfter(port: number, username: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const socket = connect(port, '127.0.0.1', () => socket.write(connectPacket('guess', username, 'no such token')))
    socket.once('error', reject)
    socket.once('data', (bytes: Buffer) => {
      socket.destroy()
      if (bytes[0] === 0x20 && bytes[3] !== 0) resolve(performance.now() - started)
      else reject(new Error(`a wrong token was answered with ${bytes.toString('hex')}`))
    })
  })
}
