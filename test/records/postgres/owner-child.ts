// Owns partitions and journals in each as fast as it can, while a person registers devices. A line on stdout is an
// acknowledgement: written only after the ledger's promise resolved. Ends when its stdin does.
import { setTimeout as pause } from 'node:timers/promises'
import { createPostgresLedger } from '../../../records/postgres-ledger.ts'
import type { Held } from '../../../records/ledger/cluster.ts'
import type { Journal } from '../../../records/ledger.ts'
import { entryOf } from '../entries.ts'
import { deviceOf } from './owners.ts'

const [url = '', name = '', lease = '', ...partitions] = process.argv.slice(2)
const leaseMs = Number(lease)
const ledger = createPostgresLedger({ url, name, defaultRules: [], hashDeviceToken: (token) => token })
await ledger.start()

let finishing = false
process.stdin.resume()
process.stdin.once('end', () => (finishing = true))
const say = (...words: readonly unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)

const tell = (error: unknown): void => void process.stderr.write(`${name}: ${String(error)}\n`)

/** Takes the partition again after every failure; ends when it is somebody else's. */
async function own(partition: number): Promise<void> {
  for (let before = false; !finishing; before = true) {
    const row = await ledger.partitions.take(partition, name, leaseMs)
    if (row === null && before) return say('fenced', partition)
    if (row !== null) await journalUntilFailure({ partition, epoch: row.epoch }, row.decided)
    else await pause(50)
  }
}

async function journalUntilFailure(held: Held, decided: number): Promise<void> {
  const journal = ledger.partitions.journal(held)
  const renewal = setInterval(() => void ledger.partitions.renew([held], leaseMs).catch(() => []), leaseMs / 4)
  try {
    for (let round = decided + 1; !finishing; round++) await journalRound(journal, held.partition, round)
    await ledger.partitions.release(held)
  } catch (error) {
    tell(error)
  } finally {
    clearInterval(renewal)
  }
}

/** Every tenth raises nothing, every third is a person's act. */
async function journalRound(journal: Journal, partition: number, round: number): Promise<void> {
  const deviceId = deviceOf(partition, round % 5)
  const size = round % 10 === 0 ? 0 : 1 + ((round * 7) % 60)
  const act = round % 3 === 0 ? { type: 'acknowledged' as const, by: { id: `u-${name}`, name: '值班员' } } : {}
  const entries = Array.from({ length: size }, (_, i) =>
    entryOf({ alarmId: `${deviceId}-${i % 8}`, deviceId, ...(i === 0 ? act : {}) }),
  )
  const states = [{ deviceId, position: round, state: `${name} ${round}` }]
  const answers = [{ requestId: `${partition}-${round}`, body: () => name }]
  const { committed } = await journal.append({ entries, states, checkpoint: round, answers })
  say('journalled', partition, round, committed[0]?.transition.seq ?? 0, committed.at(-1)?.transition.seq ?? -1)
}

async function register(): Promise<void> {
  const actor = { userId: `u-${name}`, name: '管理员', address: '127.0.0.1' }
  for (let i = 0; !finishing; i++) {
    const registered = ledger.devices.create(actor, { id: `${name}-${i}`, kind: 'smoke', name: `烟感 ${i}` })
    await registered.then(() => say('acted'), tell)
  }
}

await Promise.all([register(), ...partitions.map((partition) => own(Number(partition)))])
await ledger.stop()
