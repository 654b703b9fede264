import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { CommittedTransition } from '../../records/ledger.ts'
import { EVERYTHING } from '../../records/scope.ts'
import { MIGRATIONS } from '../../records/migrations/all.ts'
import { verifyLedgerFile } from '../../records/verify.ts'
import { ledgerFileIn } from '../../records/sqlite/files.ts'
import { collect, inertLedger, newDirectory } from './fixture.ts'

const CHILD = fileURLToPath(new URL('./journalling-child.ts', import.meta.url))
const ROUNDS = 10

interface Acknowledged {
  readonly first: number
  readonly last: number
  readonly tag: string
  readonly line: string
  readonly round: number
}

/** Lets a child journal, kills it a random while after its first acknowledgement, and answers what it acknowledged. */
async function journalUntilKilled(directory: string, tag: string): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [CHILD, directory, tag], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * 250)
    output += text
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' })
  // A line cut off by the kill was not fully said; the whole ones were.
  const lines = output.slice(0, output.lastIndexOf('\n')).split('\n')
  return lines.map((text) => {
    const [first, last, saidTag, line, round] = text.split(' ')
    return { first: Number(first), last: Number(last), tag: saidTag ?? '', line: line ?? '', round: Number(round) }
  })
}

async function everyTransition(directory: string) {
  const ledger = inertLedger(directory)
  await ledger.start()
  try {
    const all: CommittedTransition[] = []
    while (true) {
      const next = await ledger.journal.after(EVERYTHING, all.length, 5_000)
      all.push(...next)
      if (next.length === 0) break
    }
    return { all, head: await ledger.journal.head(), states: await collect(ledger.journal.deviceStates()) }
  } finally {
    await ledger.stop()
  }
}

describe('kill -9 while journalling', () => {
  it(`G1 G2: ${ROUNDS} kills lose nothing that was acknowledged and leave no gap`, async () => {
    const directory = newDirectory()
    let total = 0
    for (let i = 0; i < ROUNDS; i++) {
      const acknowledged = await journalUntilKilled(directory, `r${i}`)
      expect(acknowledged.length).toBeGreaterThan(0)
      total += acknowledged.length

      const { all, head, states } = await everyTransition(directory)
      expect(head).toBe(all.length)
      all.forEach(({ transition }, index) => {
        if (transition.seq !== index + 1 || transition.alarm.seq !== index + 1) expect(transition.seq).toBe(index + 1)
      })
      for (const { first, last, tag, line, round } of acknowledged) {
        expect(last).toBeLessThanOrEqual(head)
        const batch = all.slice(first - 1, last)
        expect(batch.every(({ transition }) => transition.alarm.deviceId === `${tag}-${round}`)).toBe(true)
        expect(batch.every(({ transition }) => transition.alarm.id.startsWith(`${tag}-${line}-`))).toBe(true)
        const state = states.find(({ deviceId }) => deviceId === `${tag}-${line}`)
        expect(state?.position).toBeGreaterThanOrEqual(round)
      }
      // Integrity, sequence, every alarm equal to its newest transition, audit chain.
      expect(await verifyLedgerFile(ledgerFileIn(directory), MIGRATIONS.length)).toMatchObject({ transitions: head })
    }
    expect(total).toBeGreaterThan(ROUNDS)
  })
})
