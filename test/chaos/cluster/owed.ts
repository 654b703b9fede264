// What the hub owes for what was acknowledged: the transitions of one device, and whether they are what stands in the ledger.
import type { CommittedTransition } from '../../../records/ledger.ts'
import type { TransitionType } from '../../../contract/alarms.ts'

/** One sample of a device: when it measured, and whether that was over the limit. */
export interface Sample {
  readonly ts: number
  readonly loud: boolean
}

export interface Step {
  readonly type: TransitionType
  readonly sampleTs: number
}

/** `samples`: all that were acknowledged, in the order they were measured. */
export function stepsOwed(samples: readonly Sample[]): Step[] {
  const steps: Step[] = []
  let active = false
  for (const { ts, loud } of samples) {
    if (loud && !active) steps.push({ type: 'raised', sampleTs: ts })
    if (!loud && active) steps.push({ type: 'returned', sampleTs: ts }, { type: 'closed', sampleTs: ts })
    active = loud
  }
  return steps
}

/** Each entry names the device and the step: nothing may be in any of them. */
export interface HistoryFaults {
  /** Owed, and not in the ledger. */
  readonly lost: string[]
  /** In the ledger more than once. */
  readonly doubled: string[]
  /** In the ledger, and caused by nothing that was sent. */
  readonly invented: string[]
  /** A device's steps stand in another order than it measured. */
  readonly outOfOrder: string[]
  /** Steps of one alarm carry different ids, or two alarms the same. */
  readonly mixedUp: string[]
  /** Sequence numbers that are missing or stand twice. */
  readonly gaps: number[]
}

export const NO_FAULTS: HistoryFaults = {
  lost: [],
  doubled: [],
  invented: [],
  outOfOrder: [],
  mixedUp: [],
  gaps: [],
}

const words = (deviceId: string, { type, sampleTs }: Step): string => `${deviceId} ${type} ${sampleTs}`

interface Stood extends Step {
  readonly alarmId: string
}

/**
 * `ledger`: every transition there is, in the order of the sequence. `owed`: by device. The hub's own alarms and those of
 * devices that `owed` does not name are only held to the sequence.
 */
export function judgeHistory(
  owed: ReadonlyMap<string, readonly Step[]>,
  ledger: readonly CommittedTransition[],
): HistoryFaults {
  const faults: HistoryFaults = { lost: [], doubled: [], invented: [], outOfOrder: [], mixedUp: [], gaps: [] }
  const stood = new Map<string, Stood[]>([...owed.keys()].map((deviceId) => [deviceId, []]))
  for (const [index, { transition }] of ledger.entries()) {
    const { seq, type, sampleTs, alarm } = transition
    if (seq !== (ledger[index - 1]?.transition.seq ?? 0) + 1) faults.gaps.push(seq)
    stood.get(alarm.deviceId)?.push({ type, sampleTs: sampleTs ?? NaN, alarmId: alarm.id })
  }
  const openedBy = new Map<string, string>()
  for (const [deviceId, steps] of owed) judgeDevice(deviceId, steps, stood.get(deviceId) ?? [], openedBy, faults)
  return faults
}

function judgeDevice(
  deviceId: string,
  owed: readonly Step[],
  stood: readonly Stood[],
  openedBy: Map<string, string>,
  faults: HistoryFaults,
): void {
  const known = new Set(owed.map((step) => words(deviceId, step)))
  const found = new Set<string>()
  const inOrder: string[] = []
  let open: string | null = null
  for (const step of stood) {
    const said = words(deviceId, step)
    if (found.has(said)) faults.doubled.push(said)
    else if (!known.has(said)) faults.invented.push(said)
    else {
      found.add(said)
      inOrder.push(said)
    }
    if (step.type === 'raised') {
      if (openedBy.has(step.alarmId)) faults.mixedUp.push(said)
      openedBy.set(step.alarmId, deviceId)
      open = step.alarmId
    } else if (step.alarmId !== open) faults.mixedUp.push(said)
  }
  const present = owed.map((step) => words(deviceId, step)).filter((said) => found.has(said))
  faults.lost.push(...[...known].filter((said) => !found.has(said)))
  faults.outOfOrder.push(...inOrder.filter((said, index) => said !== present[index]))
}

export const countFaults = (faults: HistoryFaults): number =>
  Object.values(faults).reduce((sum, { length }: { readonly length: number }) => sum + length, 0)
