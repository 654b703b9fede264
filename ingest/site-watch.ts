// Alarms that another alarm of their site could make worse, by site: so that a decision on one device costs nothing for
// the others, except where it matters.
import { asksForWitness, corroborate } from './alarms/corroboration.ts'
import type { CorroborationInput } from './alarms/types.ts'
import type { Devices, Runtime } from './devices.ts'

export interface Corroborated {
  readonly runtime: Runtime
  readonly input: CorroborationInput
}

/** A device without a site is a site of its own. */
type Site = string | Runtime

const siteOf = (runtime: Runtime): Site => runtime.placement.siteId ?? runtime

export class SiteWatch {
  private readonly asking = new Map<Site, Set<Runtime>>()
  private readonly devices: Devices

  constructor(devices: Devices) {
    this.devices = devices
  }

  /** What devices of its site must be told now that the state of `runtime` is another. Idempotent. */
  after(runtime: Runtime): Corroborated[] {
    const site = siteOf(runtime)
    let asking = this.asking.get(site)
    if (asksForWitness(runtime)) {
      if (asking === undefined) this.asking.set(site, (asking = new Set()))
      asking.add(runtime)
    }
    if (asking === undefined) return []
    const told: Corroborated[] = []
    for (const other of asking) {
      if (!this.stillAsks(other, site)) {
        asking.delete(other)
        continue
      }
      // What the rest of the site knows was compared when it came to know it.
      const witnesses = other === runtime ? this.devices.neighbours(runtime) : [runtime]
      for (const input of corroborate(other, witnesses)) told.push({ runtime: other, input })
    }
    if (asking.size === 0) this.asking.delete(site)
    return told
  }

  /** Moved, deleted, risen or closed since: it is found out when its site is next heard of. */
  private stillAsks(runtime: Runtime, site: Site): boolean {
    const known = this.devices.get(runtime.profile.deviceId) === runtime
    return known && siteOf(runtime) === site && asksForWitness(runtime)
  }
}
