// The process ends at each named point between a PUBLISH and its PUBACK, over and over, on the real
// ledger and the real reading store. Whoever sent sends again what was not acknowledged.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAULT_POINTS } from '../../ingest/ports.ts'
import { readEvidence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { deviceOf, messageOf, owedBy, sortOf, startOfScript, tsOf } from './fault-script.ts'

const DAY = 86_400_000
/** Deaths a point: all of them take five minutes of CPU. A quick look: FAULT_ROUNDS=5. */
const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 50)
/** The points are shared between so many lines of lives, each on data of its own. */
const LINES = 2
/** A death comes at the first, second or third time at the point after a message, or (0) at the first since the start. */
const PASSES = 4

const CHILD = join(import.meta.dirname, 'fault-child.ts')

/** One directory, the messages it was sent, and what was said about them. */
interface Line {
  readonly directory: string
  readonly acknowledged: Set<number>
  /** Everything below was acknowledged. */
  next: number
  /** Highest message that can have been sent. */
  sent: number
  readonly deaths: Map<string, number>
  /** Sequence numbers told, a list for each life. */
  readonly told: { seq: number; alarm: string; type: string }[][]
  /** Head of the ledger as each life found it; null if it died before it had read everything back. */
  readonly heads: (number | null)[]
  /** Deaths in the middle of that, where none was asked for. */
  early: number
  readonly complaints: string[]
}

function live(line: Line, point: string, pass: number): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, line.directory, String(line.next), point, String(pass)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        FAULT_SCRIPT_START: String(startOfScript()),
        // Compiling the same files 600 times would be most of the test.
        NODE_COMPILE_CACHE: join(line.directory, '..', 'compiled'),
      },
    })
    const told: Line['told'][number] = []
    const life = line.told.push(told) - 1
    line.heads[life] = null
    let rest = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const [word, first = '', second = '', third = ''] of lines.map((text) => text.split(' '))) {
        if (word === 'ack') line.acknowledged.add(Number(first))
        else if (word === 'told') told.push({ seq: Number(first), alarm: second, type: third })
        else if (word === 'head') line.heads[life] = Number(first)
        else line.complaints.push(`${point}: ${word} ${first} ${second} ${third}`)
      }
    })
    child.stderr.on('data', (chunk: Buffer) => line.complaints.push(`${point}: ${chunk.toString()}`))
    child.once('error', reject)
    child.once('close', (code, signal) => {
      while (line.acknowledged.has(line.next)) line.next++
      if (line.heads[life] === null && pass > 0) line.early++
      line.sent = Math.max(line.sent, line.next + 100)
      resolve({ code, signal })
    })
  })
}

describe(`killed at each of ${FAULT_POINTS.length} points between PUBLISH and PUBACK, ${ROUNDS} times each`, () => {
  const root = mkdtempSync(join(tmpdir(), 'zhian-faults-'))
  const lines: Line[] = Array.from({ length: LINES }, (_, index) => ({
    directory: join(root, String(index)),
    acknowledged: new Set(),
    next: 1,
    sent: 0,
    deaths: new Map(),
    told: [],
    heads: [],
    early: 0,
    complaints: [],
  }))
  let evidence: Evidence[]

  beforeAll(async () => {
    await Promise.all(
      lines.map(async (line, index) => {
        // Point after point within a round, so that one kind of death is followed by every other.
        for (let round = 0; round < ROUNDS; round++) {
          for (const point of FAULT_POINTS.filter((_, at) => at % LINES === (index + round) % LINES)) {
            const { signal } = await live(line, point, (round + 1) % PASSES)
            if (signal === 'SIGKILL') line.deaths.set(point, (line.deaths.get(point) ?? 0) + 1)
          }
        }
        const end = await live(line, 'none', 1)
        if (end.code !== 0) line.complaints.push(`the last life ended with ${end.code ?? end.signal}`)
      }),
    )
    const restoring = lines.flatMap(({ heads }) => heads).filter((head) => head === null).length
    process.stdout.write(`killed ${ROUNDS} × ${FAULT_POINTS.length} times, ${restoring} of them while restoring\n`)
    evidence = []
    // Three days on: sealed, so that what was sent twice is merged, or shows.
    for (const { directory } of lines) evidence.push(await readEvidence(directory, Date.now() + 3 * DAY))
  }, 1_800_000)
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  const each = (check: (line: Line, found: Evidence) => void): void => {
    for (const [index, line] of lines.entries()) check(line, evidence[index] as Evidence)
  }

  it.each(FAULT_POINTS)('dies at %s as often as it should, and starts again each time', (point) => {
    expect(lines.reduce((sum, { deaths }) => sum + (deaths.get(point) ?? 0), 0)).toBe(ROUNDS)
    each(({ complaints, early }) => {
      expect(complaints).toEqual([])
      expect(early).toBe(0)
    })
  })

  it('G1: every acknowledged message is stored, once, however often it was sent again', () => {
    each((line, { readings, events }) => {
      expect(line.acknowledged.size).toBeGreaterThan(ROUNDS)
      for (const number of line.acknowledged) {
        const stored = messageOf(number).channel === 'events' ? events : readings
        expect([number, stored.get(deviceOf(number))?.get(tsOf(number))]).toEqual([number, 1])
      }
    })
  })

  it('G1: every alarm is in the ledger exactly once, with exactly its transitions', () => {
    each((line, { transitions }) => {
      const byCause = new Map<string, string[]>()
      for (const { transition } of transitions) {
        const cause = `${transition.alarm.deviceId} ${transition.sampleTs}`
        byCause.set(cause, [...(byCause.get(cause) ?? []), transition.type])
      }
      // A message on which another device's depends causes that only when both were sent: here, both acknowledged.
      const isWhole = (number: number): boolean => sortOf(number) !== 'smoke' || line.acknowledged.has(number - 1)
      for (const number of line.acknowledged) {
        for (const [device, types] of owedBy(number)) {
          if (device === deviceOf(number) || isWhole(number))
            expect([number, byCause.get(`${device} ${tsOf(number)}`)]).toEqual([number, types])
        }
        if (sortOf(number) === 'reading') expect(byCause.get(`${deviceOf(number)} ${tsOf(number)}`)).toBeUndefined()
      }
      // Of what was not acknowledged an alarm may stand or not, but never half of one, or two.
      const possible = new Map<string, readonly string[]>()
      for (let number = 1; number <= line.sent; number++) {
        for (const [device, types] of owedBy(number)) possible.set(`${device} ${tsOf(number)}`, types)
      }
      for (const [cause, types] of byCause) expect([cause, possible.get(cause)]).toEqual([cause, types])
    })
  })

  it('G2: nothing is told that is not on record, and nothing twice within a life; the record is gapless', () => {
    each((line, { transitions }) => {
      expect(transitions.map(({ transition }) => transition.seq)).toEqual(transitions.map((_, index) => index + 1))
      for (const told of line.told) {
        const seqs = told.map(({ seq }) => seq)
        expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
        for (const { seq, alarm, type } of told) {
          const recorded = transitions[seq - 1]?.transition
          expect([seq, recorded?.alarm.id, recorded?.type]).toEqual([seq, alarm, type])
        }
      }
    })
  })

  it('G3: every transition is told: live, or on record when the next life begins', () => {
    each((line, { transitions }) => {
      let onRecord = 0
      const told = new Set<number>()
      for (const [life, list] of line.told.entries()) {
        onRecord = Math.max(onRecord, line.heads[life] ?? 0)
        for (const { seq } of list) told.add(seq)
      }
      expect(transitions.filter(({ transition: { seq } }) => seq > onRecord && !told.has(seq))).toEqual([])
    })
  })
})
