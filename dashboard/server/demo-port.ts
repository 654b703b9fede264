// What the dashboard needs of a demonstration.
import type { DemoCue, DemoDoor, DemoStage } from '../../contract/http/demo.ts'

/** The demonstration that this hub is a part of. A call rejects when it does not answer. */
export interface Demo {
  /** `onThisMachine`: who asks sits at it; others are not given the password. */
  door(onThisMachine: boolean): Promise<DemoDoor>
  stage(): Promise<DemoStage>
  /** Makes it happen. */
  cue(cue: DemoCue): Promise<void>
}
