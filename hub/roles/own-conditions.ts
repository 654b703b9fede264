// What a cluster watches about itself, as alarms of the device `hub`: by whichever worker owns that device's partition, from
// what every process says of itself.
import type { Logger } from 'pino'
import { partitionOf } from '../../contract/partitions.ts'
import { HUB_DEVICE_ID } from '../../contract/ids.ts'
import { clusterBridges } from '../../cluster/bridges.ts'
import { DESK_ARMED_ONCE } from '../../cluster/dashboard/desks.ts'
import type { NodeBoard } from '../../cluster/node-board.ts'
import type { Partition } from '../../cluster/worker/partition.ts'
import type { Ledger } from '../../records/ledger.ts'
import { bridgesNoLongerListed } from '../bridge-conditions.ts'
import { Conditions } from '../conditions.ts'
import type { Unheard } from '../unheard.ts'

export interface OwnConditionsParts {
  readonly board: Pick<NodeBoard, 'all'>
  readonly owned: (partition: number) => Partition | undefined
  readonly settings: Pick<Ledger['settings'], 'get'>
  readonly unheard: Pick<Unheard, 'look'>
  /** Wall time, ms. */
  readonly wall: () => number
  readonly log: Logger
}

const LOOK_EVERY_MS = 1_000
const UNHEARD_EVERY_MS = 60_000
const HUB_PARTITION = partitionOf(HUB_DEVICE_ID)

/** The answer ends it and waits for the look that is under way. */
export function startOwnConditions(parts: OwnConditionsParts): () => Promise<void> {
  const { board, owned, settings, unheard, wall, log } = parts
  let watching: { readonly partition: Partition; readonly conditions: Conditions } | null = null
  let deskArmedOnce = false
  let unheardAt = -Infinity
  let looking: Promise<void> | null = null

  const look = async (): Promise<void> => {
    const partition = owned(HUB_PARTITION)
    if (partition === undefined || !partition.isLive) return void (watching = null)
    if (watching?.partition !== partition) {
      watching = { partition, conditions: conditionsOf(partition) }
      unheardAt = -Infinity
    }
    const { conditions } = watching
    const nodes = await board.all()
    const armed = nodes.reduce((sum, { desksArmed = 0 }) => sum + desksArmed, 0)
    // Dashboards write it down.
    deskArmedOnce ||= (await settings.get(DESK_ARMED_ONCE)) !== null
    conditions.set('hub.no_desk', deskArmedOnce && armed === 0)
    conditions.set(
      'hub.store',
      nodes.some(({ storeProblem }) => storeProblem != null),
    )
    const self = partition.devices.get(HUB_DEVICE_ID)
    if (self === undefined) return
    const bridges = clusterBridges(nodes)
    if (bridges !== null) {
      for (const { name, state } of bridges) conditions.set('hub.bridge', state !== 'connected', null, name)
      for (const name of bridgesNoLongerListed(bridges, self.state)) conditions.set('hub.bridge', false, null, name)
    }
    if (performance.now() - unheardAt < UNHEARD_EVERY_MS) return
    unheardAt = performance.now()
    for (const input of unheard.look(wall(), self.state)) partition.pipeline.input(self, input)
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => log.debug({ err: error }, 'the cluster could not be looked at'))
      .finally(() => (looking = null))
  }, LOOK_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await looking
  }
}

/** The first word after a hand-over always counts, whatever the ledger remembers. */
function conditionsOf(partition: Partition): Conditions {
  return new Conditions((ruleId, active, value, channel) => {
    const self = partition.devices.get(HUB_DEVICE_ID)
    if (self !== undefined) partition.pipeline.input(self, { type: 'hub', ruleId, channel, active, value })
  })
}
