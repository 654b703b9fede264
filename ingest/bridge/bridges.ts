// All bridges of a process.
import type { Bridge as Status } from '../../contract/http/bridges.ts'
import { Bridge } from './bridge.ts'
import type { BridgeParts } from './bridge.ts'
import type { BridgeConfig } from './config.ts'

export interface BridgesParts extends Omit<BridgeParts, 'config' | 'changed'> {
  readonly configs: readonly BridgeConfig[]
  /** Some connection of this bridge is down, or all are up again; also said once at the start. */
  readonly changed: (name: string, cut: boolean) => void
}

export interface Bridges {
  /** In the order of the file. */
  status(): Status[]
  /** Takes nothing more, acknowledges what still becomes durable, takes leave. Idempotent. */
  stop(): Promise<void>
}

/** Starts them; what cannot be reached is tried again for as long as it takes. */
export function startBridges({ configs, changed, ...parts }: BridgesParts): Bridges {
  const bridges = configs.map((config) => new Bridge({ ...parts, config, changed: (cut) => changed(config.name, cut) }))
  for (const bridge of bridges) bridge.start()
  return {
    status: () => bridges.map((bridge) => bridge.status()),
    stop: async () => {
      await Promise.all(bridges.map((bridge) => bridge.stop()))
    },
  }
}
