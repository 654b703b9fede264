// A kind's devices are said to be silent sooner than anybody would wait for in a test.
import type { KindName } from '../../contract/kinds/kind.ts'
import type { VersionedRule } from '../../contract/rules.ts'
import type { Api } from '../support/api.ts'

export async function silentAfter(api: Api, kind: KindName, seconds: number): Promise<void> {
  const rule = await api.ok<VersionedRule>('GET', `/rules/${kind}/device.silent`)
  const soon = { name: 'warn', intervals: 0, atLeast: seconds, grace: 0, priority: 4 }
  await api.ok('PUT', `/rules/${kind}/device.silent`, { ...rule, variants: [{ levels: [soon] }] })
}
