// Which broker holds a device's connection, and the entry that tells its owner: both in one step, so that the entry never says
// what the hash does not.
import { linesOf, streamOf } from '../keys.ts'
import { encodeEntry } from '../entry.ts'
import type { PresenceEntry } from '../entry.ts'
import { partitionOf } from '../../contract/partitions.ts'
import type { Added, StreamWriter } from '../streams/stream-writer.ts'

/** The newest connection counts, wherever it is. */
const OPENED = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XADD', KEYS[2], '0-*', ARGV[3], ARGV[4], ARGV[5], ARGV[6])
`
/** A device that has come to another broker meanwhile has not gone: nothing is said. */
const CLOSED = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return false end
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('XADD', KEYS[2], '0-*', ARGV[3], ARGV[4], ARGV[5], ARGV[6])
`

/** The will of a connection that broke, unless its device has come to another broker meanwhile: then it has not gone. */
const WILL = `
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if holder and holder ~= ARGV[2] then return false end
return redis.call('XADD', KEYS[2], '0-*', ARGV[3], ARGV[4], ARGV[5], ARGV[6])
`

/** `done` tells position 0 where the will is void. */
export function writeWill(
  writer: StreamWriter,
  { node, publisherId, partition }: { readonly node: string; readonly publisherId: string; readonly partition: number },
  fields: readonly (string | Buffer)[],
  done: Added,
): void {
  const keys = [linesOf(partitionOf(publisherId)), streamOf(partition)]
  writer.addBy(partition, WILL, keys, [publisherId, node, ...fields], done)
}

/** In order with what the same writer adds. `done` tells position 0 where there was nothing to say. */
export function writePresence(writer: StreamWriter, entry: PresenceEntry, done: Added): void {
  const { deviceId, node, connected } = entry
  const partition = partitionOf(deviceId)
  const fields = encodeEntry(entry).map(String)
  const keys = [linesOf(partition), streamOf(partition)]
  writer.addBy(partition, connected ? OPENED : CLOSED, keys, [deviceId, node, ...fields], done)
}
