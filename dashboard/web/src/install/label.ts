// What the code on a device's label says: the address of the installer's page for it, so that any camera opens that; or the
// bare id, as makers print it. Pure.
import { newDeviceIdSchema } from '../../../../contract/ids.ts'
import { KIND_NAMES } from '../../../../contract/kinds/kind.ts'
import type { KindName } from '../../../../contract/kinds/kind.ts'

export interface Label {
  readonly id: string
  readonly kind: KindName | null
}

export function labelText(origin: string, { id, kind }: Label): string {
  const query = new URLSearchParams({ device: id, ...(kind === null ? {} : { kind }) })
  return `${origin}/install?${query.toString()}`
}

/** null: not the label of a device. */
export function readLabel(text: string): Label | null {
  const bare = newDeviceIdSchema.safeParse(text.trim())
  if (bare.success) return { id: bare.data, kind: null }
  const url = URL.parse(text.trim())
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  const id = newDeviceIdSchema.safeParse(url.searchParams.get('device'))
  if (!id.success) return null
  return { id: id.data, kind: KIND_NAMES.find((kind) => kind === url.searchParams.get('kind')) ?? null }
}
