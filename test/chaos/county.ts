// The county that the fault tests run against: devices of every sort that the faults need, with their tokens.
import type { Api } from '../support/api.ts'
import type { Credential } from '../load/publisher.ts'
import type { KindName } from '../../contract/kinds/kind.ts'

/** `count` devices of a kind, `{prefix}-0` and so on, as an administrator would import them. */
export async function importDevices(
  api: Api,
  groups: readonly { readonly prefix: string; readonly kind: KindName; readonly count: number }[],
): Promise<Map<string, Credential[]>> {
  const rows = groups.flatMap(({ prefix, kind, count }) =>
    Array.from({ length: count }, (_, index) => `${prefix}-${index},${kind},${prefix} ${index}`),
  )
  const csv = ['id,kind,name', ...rows].join('\n')
  const { tokens } = await api.ok<{ tokens: { id: string; token: string }[] }>('POST', '/devices/import', csv)
  const byPrefix = new Map<string, Credential[]>(groups.map(({ prefix }) => [prefix, []]))
  for (const { id, token } of tokens)
    byPrefix.get(id.slice(0, id.lastIndexOf('-')))?.push({ username: id, password: token })
  return byPrefix
}

/** Numbers that look random and are the same in every run: 0 ≤ n < 1. */
export function spread(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
