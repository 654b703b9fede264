// Which alarms are open, whose they are, and the newest transition of each: what an act must answer.
import type { Alarm } from '../contract/alarms.ts'
import type { CommittedTransition } from '../records/ledger.ts'
import type { Devices, Runtime } from './devices.ts'

interface OpenAlarm {
  readonly runtime: Runtime
  readonly seq: number
}

export class OpenAlarms {
  private readonly byId = new Map<string, OpenAlarm>()
  private readonly devices: Devices

  constructor(devices: Devices) {
    this.devices = devices
  }

  get(alarmId: string): OpenAlarm | undefined {
    return this.byId.get(alarmId)
  }

  /** What the ledger has is all there is. */
  reset(alarms: readonly Alarm[]): void {
    this.byId.clear()
    for (const alarm of alarms) this.put(alarm)
  }

  remember(committed: readonly CommittedTransition[]): void {
    for (const { transition } of committed) {
      if (transition.alarm.closedAt !== null) this.byId.delete(transition.alarm.id)
      else this.put(transition.alarm)
    }
  }

  private put({ id, deviceId, seq }: Alarm): void {
    const runtime = this.devices.get(deviceId)
    if (runtime !== undefined) this.byId.set(id, { runtime, seq })
  }
}
