// A position is given once, also by a Redis that came back without its newest entries.
//
// Redis numbers the entries of a stream itself, and it may come back older than it was: an append-only file whose last second
// was not on the disk yet, or a replica that had not heard of everything. It would then give the same positions again, and
// whoever has read up to one of them would never see what stands there now, although it was acknowledged. So the streams are
// opened once for every run of Redis, before anybody adds: each gets a mark whose position is above all that were ever given.
// That follows from the clock: no stream grows by an entry a microsecond, so that the clock of Redis in (very nearly)
// microseconds is above every position of every earlier run, and below 2^53 for two centuries. Where a clock was set back, what
// the stream and whoever opens it remember is above. The mark says where the stream ended, so that a loss is told and not guessed.
//
// Nobody adds over a connection before he has asked which run he is connected to: another run is another connection.
import type { Redis } from 'ioredis'
import { PARTITIONS } from '../../contract/partitions.ts'
import { OPENED_KEY, streamOf } from '../keys.ts'

export interface Opening {
  /** The run of Redis. */
  readonly run: string
  /** Position of the mark in every stream: what is added in this run stands behind it. */
  readonly floor: number
  /** Where each stream ended before, by partition. */
  readonly before: readonly number[]
  /** The streams were opened by this very call. */
  readonly first: boolean
}

/** Header of the mark in a stream. */
const OPENING = 'opening'

export const idOf = (position: number): string => `0-${position}`
export const positionOf = (id: string): number => Number(id.slice(id.indexOf('-') + 1))

/**
 * One round trip, and nobody in between: which run is this, and if nobody opened the streams in it yet, or one of them was
 * emptied since, they are opened.
 */
const OPEN = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local function last(key)
  if redis.call('EXISTS', key) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return tonumber(string.match(info[i + 1], '%-(%d+)$')) end
  end
end
local known = redis.call('HMGET', KEYS[1], 'run', 'floor', 'before')
if known[1] == run then
  local whole = true
  for i = 2, #KEYS do whole = whole and last(KEYS[i]) >= tonumber(known[2]) end
  if whole then return {run, known[2], known[3], 0} end
end
local text = function(n) return string.format('%.0f', n) end
local time = redis.call('TIME')
local floor = math.max(tonumber(time[1]) * 1048576 + tonumber(time[2]), tonumber(ARGV[1]) + 1048576)
local before = {}
for i = 2, #KEYS do
  local ended = last(KEYS[i])
  before[i - 1] = text(ended)
  floor = math.max(floor, ended + 1)
end
for i = 2, #KEYS do
  redis.call('XADD', KEYS[i], '0-' .. text(floor), 'h', '${OPENING}', 'p', '{"before":' .. before[i - 1] .. '}')
end
local all = table.concat(before, ',')
redis.call('HSET', KEYS[1], 'run', run, 'floor', text(floor), 'before', all)
return {run, text(floor), all, 1}
`

const KEYS = [OPENED_KEY, ...Array.from({ length: PARTITIONS }, (_, partition) => streamOf(partition))]

/** `known`: the highest position that the caller has ever heard of, of any partition. */
export async function openStreams(redis: Redis, known: number): Promise<Opening> {
  const answer = await redis.eval(OPEN, KEYS.length, ...KEYS, known)
  const [run, floor, before, first] = answer as [string, string, string, number]
  return { run, floor: Number(floor), before: before.split(',').map(Number), first: first === 1 }
}

/** The mark's word, or null when the entry is none. `fields` as XREAD answers them. */
export function openingIn(fields: readonly Buffer[]): { readonly before: number } | null {
  if (fields[1]?.toString() !== OPENING || fields[3] === undefined) return null
  const { before } = JSON.parse(fields[3].toString()) as { before: number }
  return { before }
}
