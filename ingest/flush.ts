// Writes the states of quiet devices to the ledger, a slice with each commit, so that a restart has little to decide
// again. A round visits every device that was dirty when it began; when it ends, every input up to the round's first
// position is in the ledger's states: that position is the checkpoint.
import type { Runtime } from './devices.ts'

/** Most states written with one commit. */
const SLICE = 500

export class StateFlush {
  private readonly dirty = new Set<Runtime>()
  private round: Runtime[] = []
  private roundPosition: number | null = null

  /** The state of this device differs from the ledger's. */
  touch(runtime: Runtime): void {
    this.dirty.add(runtime)
  }

  /** The state is being written with the next commit anyway. */
  written(runtime: Runtime): void {
    this.dirty.delete(runtime)
  }

  /**
   * Begins a round unless one is under way. `position`: the newest input decided. True if there is something to write; a
   * `newPosition` alone is, where it is what a stream is read from after a restart.
   */
  begin(position: number, newPosition = false): boolean {
    if (this.roundPosition === null && (this.dirty.size > 0 || newPosition)) {
      this.round = [...this.dirty]
      this.roundPosition = position
    }
    return this.roundPosition !== null
  }

  /** The devices to write now, and the checkpoint if they are the round's last. `all` takes the whole rest. */
  take(all = false): { runtimes: Runtime[]; checkpoint: number | null } {
    if (this.roundPosition === null) return { runtimes: [], checkpoint: null }
    const runtimes: Runtime[] = []
    while (this.round.length > 0 && (all || runtimes.length < SLICE)) {
      const runtime = this.round.pop() as Runtime
      if (this.dirty.delete(runtime)) runtimes.push(runtime)
    }
    if (this.round.length > 0) return { runtimes, checkpoint: null }
    const checkpoint = this.roundPosition
    this.roundPosition = null
    return { runtimes, checkpoint }
  }

  get underWay(): boolean {
    return this.roundPosition !== null
  }

  /** Memory was discarded: what is in the ledger is all there is. */
  reset(): void {
    this.dirty.clear()
    this.round = []
    this.roundPosition = null
  }
}
