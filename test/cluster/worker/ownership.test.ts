import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideOwnership, GIVEN_AT_ONCE, ORPHANED_AFTER_MS } from '../../../cluster/worker/ownership.ts'

const LEASE_MS = 10_000

interface Row {
  readonly partition: number
  owner: string | null
  until: number
}

/** Workers that decide one after the other over the same rows, as the ledger lets them. */
class Cluster {
  readonly rows: Row[]
  now = 1_000_000
  readonly alive = new Set<string>()
  private readonly freeSince = new Map<string, Map<number, number>>()
  private readonly unwanted = new Map<string, Set<number>>()
  private known = ''

  constructor(partitions: number) {
    this.rows = Array.from({ length: partitions }, (_, partition) => ({ partition, owner: null, until: 0 }))
  }

  held(worker: string): Set<number> {
    return new Set(
      this.rows.filter(({ owner, until }) => owner === worker && until > this.now).map((row) => row.partition),
    )
  }

  round(live: readonly string[] | null = [...this.alive]): void {
    this.now += 1_000
    const key = String(live?.toSorted())
    if (key !== this.known) this.unwanted.clear()
    this.known = key
    for (const self of this.alive) {
      for (const row of this.rows)
        if (row.owner === self && row.until > this.now - 1_000) row.until = this.now + LEASE_MS
      const held = this.held(self)
      const freeSince = this.freeSince.get(self) ?? new Map<number, number>()
      this.freeSince.set(self, freeSince)
      for (const { partition, until } of this.rows) {
        if (until > this.now) freeSince.delete(partition)
        else if (!freeSince.has(partition)) freeSince.set(partition, this.now)
      }
      const unwanted = this.unwanted.get(self) ?? new Set<number>()
      this.unwanted.set(self, unwanted)
      const view = { rows: this.rows, now: this.now, self, live, held, freeSince, unwanted }
      const { take, give, orphans } = decideOwnership(view)
      for (const partition of orphans) unwanted.add(partition)
      expect(give.length).toBeLessThanOrEqual(GIVEN_AT_ONCE)
      expect(give.every((partition) => held.has(partition))).toBe(true)
      expect(take.some((partition) => held.has(partition))).toBe(false)
      for (const partition of give) (this.rows[partition] as Row).until = this.now
      for (const partition of take) {
        const row = this.rows[partition] as Row
        // As the ledger takes it.
        if (row.until <= this.now || row.owner === self) Object.assign(row, { owner: self, until: this.now + LEASE_MS })
      }
    }
  }

  get owned(): number {
    return this.rows.filter(({ until }) => until > this.now).length
  }
}

const workers = fc.uniqueArray(fc.stringMatching(/^ingest-[0-9a-f]{4}$/), { minLength: 1, maxLength: 8 })

describe('whose partition it is', () => {
  it('whoever comes and goes, in the end every partition is owned, fairly, and stays where it is', () => {
    fc.assert(
      fc.property(
        workers,
        fc.array(fc.tuple(fc.nat({ max: 7 }), fc.boolean(), fc.integer({ min: 1, max: 30 })), { maxLength: 12 }),
        (names, changes) => {
          const cluster = new Cluster(64)
          for (const [which, comes, rounds] of changes) {
            const name = names[which % names.length] as string
            if (comes) cluster.alive.add(name)
            else cluster.alive.delete(name)
            for (let i = 0; i < rounds; i++) cluster.round()
          }
          cluster.alive.add(names[0] as string)
          for (let i = 0; i < 60; i++) cluster.round()
          expect(cluster.owned).toBe(64)
          const share = Math.ceil(64 / cluster.alive.size)
          for (const name of cluster.alive) expect(cluster.held(name).size).toBeLessThanOrEqual(share)
          const before = JSON.stringify(cluster.rows.map(({ owner }) => owner))
          for (let i = 0; i < 5; i++) cluster.round()
          expect(JSON.stringify(cluster.rows.map(({ owner }) => owner))).toBe(before)
        },
      ),
    )
  })

  it('what a worker that is still there leaves lying is taken by the others after a while', () => {
    const cluster = new Cluster(8)
    cluster.alive.add('one')
    const both = ['one', 'stuck']
    cluster.round(both)
    expect(cluster.held('one').size).toBe(4)
    for (let waited = 0; waited <= ORPHANED_AFTER_MS; waited += 1_000) cluster.round(both)
    expect(cluster.owned).toBe(8)
    for (let i = 0; i < 10; i++) cluster.round(both)
    expect(cluster.held('one').size).toBe(8)
  })

  it('where it is not known who lives nothing is given away', () => {
    const cluster = new Cluster(8)
    cluster.alive.add('one')
    for (let i = 0; i < 5; i++) cluster.round()
    cluster.alive.add('two')
    for (let i = 0; i < 5; i++) cluster.round(null)
    expect(cluster.held('one').size).toBe(8)
  })

  it('what a worker lost in a failure it takes again at once, and nobody else does', () => {
    const rows = [
      { partition: 0, owner: 'one', until: 2_000 },
      { partition: 1, owner: 'two', until: 2_000 },
    ]
    const view = {
      rows,
      now: 1_000,
      live: ['one', 'two'],
      held: new Set<number>(),
      freeSince: new Map<number, number>(),
      unwanted: new Set<number>(),
    }
    expect(decideOwnership({ ...view, self: 'one' }).take).toEqual([0])
    expect(decideOwnership({ ...view, self: 'two' }).take).toEqual([1])
  })
})
