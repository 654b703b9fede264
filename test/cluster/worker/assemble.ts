// An ingest worker as the role puts it together, with what tests put in the place of brokers, stores and clocks.
import { NodeBoard } from '../../../cluster/node-board.ts'
import { Directory } from '../../../cluster/worker/directory.ts'
import { Worker } from '../../../cluster/worker/worker.ts'
import type { WorkerOptions } from '../../../cluster/worker/worker.ts'
import { HUB_PLACEMENT, hubProfile } from '../../../hub/own-device.ts'
import { placementOf, profileOf } from '../../../hub/registry.ts'
import { CurrentRules } from '../../../hub/rules.ts'

type Given = Omit<WorkerOptions, 'board' | 'directory' | 'log' | 'inService'>

export function assembleWorker(
  id: string,
  { say, ...options }: Given & { readonly say: (line: string) => void },
): Worker {
  const { ledger, redis } = options
  const rules = new CurrentRules(ledger.rules)
  const log =
    (level: string) =>
    (about: object, line: string): void =>
      say(
        `${level} ${line} ${JSON.stringify(about, (_, value: unknown) => (value instanceof Error ? String(value) : value))}`,
      )
  return new Worker({
    board: new NodeBoard(redis, { id, role: 'ingest', startedAt: Date.now() }),
    directory: new Directory({
      devices: ledger.devices,
      reloadRules: () => rules.reload(),
      rulesOf: (kind) => rules.of(kind),
      known: (identity) => ({ profile: profileOf(identity), placement: placementOf(identity) }),
      own: [{ profile: hubProfile(), placement: HUB_PLACEMENT }],
    }),
    inService: (deviceId) => void ledger.devices.heard([deviceId]).catch(() => undefined),
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    lookEveryMs: 200,
    ...options,
  })
}
