// How devices are dealt out over the partitions of the scaled-out form: by a hash of their id, for good. A partition has one
// stream and one owner, so that everything about one device is decided in one order.

/** Fixed when a cluster is made; another number would put devices, and their past, elsewhere. */
export const PARTITIONS = 64

/** FNV-1a, 32 bits (draft-eastlake-fnv): spreads short ids that differ in their last digits. */
const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** 0 … PARTITIONS − 1. Ids are ASCII (`contract/ids.ts`). */
export function partitionOf(deviceId: string): number {
  let hash = FNV_OFFSET
  for (let i = 0; i < deviceId.length; i++) hash = Math.imul(hash ^ deviceId.charCodeAt(i), FNV_PRIME)
  // The low bits of FNV-1a are its weakest: fold the high half into them.
  return ((hash >>> 16) ^ (hash & 0xffff)) % PARTITIONS
}
