// What a process of a cluster keeps of the ledger in memory, fed by the log of changes alone.
import type { LedgerChange, ClusterLedger } from '../../../records/ledger/cluster.ts'
import { collect } from '../fixture.ts'

const LIMIT = 500

/** Everything by name, as text to be compared. */
export type Memory = Map<string, string>

export async function wholeLedger(ledger: ClusterLedger): Promise<Memory> {
  const memory: Memory = new Map()
  for (const identity of await collect(ledger.devices.identities()))
    memory.set(`device ${identity.id}`, JSON.stringify(identity))
  for (const rule of await ledger.rules.current()) memory.set(`rule ${rule.kind} ${rule.id}`, JSON.stringify(rule))
  for (const { id } of (await ledger.users.list({ limit: LIMIT })).items)
    memory.set(`user ${id}`, JSON.stringify(await ledger.users.get(id)))
  for (const [key, { changedAt: _, ...value }] of await ledger.settings.versionedUnder('test.'))
    memory.set(`setting test.${key}`, JSON.stringify(value))
  for (const command of await ledger.commands.open()) memory.set(`command ${command.id}`, JSON.stringify(command))
  return memory
}

/** Reads again what a change names. */
export async function follow(ledger: ClusterLedger, memory: Memory, { what, id }: LedgerChange): Promise<void> {
  const keep = (name: string, value: unknown): void => {
    if (value === null) memory.delete(name)
    else memory.set(name, JSON.stringify(value))
  }
  switch (what) {
    case 'device':
      return keep(`device ${id}`, await ledger.devices.identity(id))
    case 'site':
    case 'area':
      for (const identity of await collect(
        ledger.devices.identities(what === 'site' ? { siteId: id } : { areaId: id }),
      ))
        keep(`device ${identity.id}`, identity)
      return
    case 'rules':
      for (const rule of await ledger.rules.current()) if (rule.kind === id) keep(`rule ${rule.kind} ${rule.id}`, rule)
      return
    case 'user':
      return keep(`user ${id}`, await ledger.users.get(id))
    case 'setting': {
      const { changedAt, ...value } = await ledger.settings.versioned(id)
      if (id.startsWith('test.')) keep(`setting ${id}`, changedAt === null ? null : value)
      return
    }
    case 'command': {
      const command = await ledger.commands.find(id)
      return keep(`command ${id}`, command?.endedAt === null ? command : null)
    }
    // Nobody keeps more of these than that they are known.
    case 'session':
    case 'token':
      memory.delete(`${what} ${id}`)
  }
}
