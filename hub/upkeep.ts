// What the schedule knows of its rounds, for the counters page: the disk's outlook and whether copies succeed.
import { DiskOutlook } from './disk-outlook.ts'

export class Upkeep {
  readonly disk = new DiskOutlook()
  /** The newest attempt at a nightly copy, if it failed. */
  backupFailure: { readonly at: number; readonly problem: string } | null = null
}
