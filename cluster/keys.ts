// Every key and channel that the processes of a cluster share in Redis.

/** How many partitions the streams were made for; checked at every start. */
export const LAYOUT_KEY = 'zhian:layout'

/** Entries of one partition, ids `0-1`, `0-2`, …: the second half is the position. */
export const streamOf = (partition: number): string => `zhian:in:${partition}`

/** Hash: for which run of Redis the streams were opened, and behind which position (`streams/opening.ts`). */
export const OPENED_KEY = 'zhian:opened'

/** Written to find out whether Redis takes anything again. */
export const PROBE_KEY = 'zhian:probe'

/** A process's own report, gone a few seconds after its last word; and the ids of all that ever reported. */
export const nodeKey = (id: string): string => `zhian:node:${id}`
export const NODES_KEY = 'zhian:nodes'

/** Hash of a partition: device id → id of the broker process that holds its connection. */
export const linesOf = (partition: number): string => `zhian:lines:${partition}`

/** Hash of a partition: device id → `online lastHeardAt` as its owner knows it. */
export const presenceOf = (partition: number): string => `zhian:presence:${partition}`

/** When devices could last be heard, by the time of the workers, ms. */
export const HEARD_KEY = 'zhian:heard'
/** List: the times at which they could not, newest last. */
export const DEAF_KEY = 'zhian:deaf'

/** Hash of a partition: device id → its account of data points, as its owner has counted them. */
export const countsOf = (partition: number): string => `zhian:counts:${partition}`

/** Pub/sub: what may be lost. A page that misses one sees the next, or reads again. */
export const PRESENCE_CHANNEL = 'zhian:live:presence'
export const readingChannel = (deviceId: string): string => `zhian:live:reading:${deviceId}`
/** What pages have opened, from dashboard to dashboard. */
export const VIEWING_CHANNEL = 'zhian:live:viewing'

/** Pub/sub of one broker process: commands that must arrive now or never (G7); and of who asked: the broker's answers. */
export const commandChannel = (brokerId: string): string => `zhian:commands:${brokerId}`
export const commandReplyChannel = (nodeId: string): string => `zhian:command-replies:${nodeId}`

/** What guards of sign-in remember, for all dashboards: tries, when something was last done, how many calls came. */
export const triesKey = (name: string, key: string): string => `zhian:tries:${name}:${key}`
export const momentKey = (name: string, key: string): string => `zhian:moment:${name}:${key}`
export const callsKey = (key: string): string => `zhian:calls:${key}`
