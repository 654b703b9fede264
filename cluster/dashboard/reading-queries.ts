// The reading store's answers for people. A store that is away keeps nobody from alarms: the page is told what is missing, and
// that it is safe.
import { ApiError } from '../../dashboard/server/errors.ts'
import type { Readings } from '../../dashboard/server/ports.ts'

const AWAY =
  '读数库暂时连不上：读数都已安全暂存，报警不受影响；恢复后曲线会补齐。 The store of readings does not answer: readings are kept safe and alarms go on; charts will be whole when it is back.'

export function answeringReadings(store: Readings, failed: (error: unknown) => void): Readings {
  const orAway = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked
    } catch (error) {
      failed(error)
      throw new ApiError('unavailable', { reason: 'reading_store' }, AWAY)
    }
  }
  return {
    series: (query) => orAway(store.series(query)),
    counter: (query) => orAway(store.counter(query)),
    latest: (deviceId, kind) => orAway(store.latest(deviceId, kind)),
    events: (query) => orAway(store.events(query)),
  }
}
