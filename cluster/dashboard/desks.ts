// Armed desks of this dashboard, on the board for whoever decides `hub.no_desk`; that there ever was one is in the ledger.
import type { DeskWatch } from '../../dashboard/server/ports.ts'
import type { LogSink } from '../../dashboard/server/options.ts'
import type { Settings } from '../../records/ledger.ts'
import type { NodeBoard } from '../node-board.ts'

/** Setting: a desk has been armed once, so that none being armed is news. */
export const DESK_ARMED_ONCE = 'desk_armed_once'

export class Desks implements DeskWatch {
  private readonly board: Pick<NodeBoard, 'change'>
  private readonly settings: Pick<Settings, 'ensure'>
  private readonly log: Pick<LogSink, 'warn'>
  private said = -1
  private noted = false

  constructor(board: Pick<NodeBoard, 'change'>, settings: Pick<Settings, 'ensure'>, log: Pick<LogSink, 'warn'>) {
    this.board = board
    this.settings = settings
    this.log = log
  }

  armed(desks: number, at: number): void {
    if (desks !== this.said) {
      this.said = desks
      void this.board.change({ desksArmed: desks })
    }
    if (desks === 0 || this.noted) return
    this.noted = true
    this.settings
      .ensure(DESK_ARMED_ONCE, () => String(at))
      .catch((error: unknown) => {
        this.noted = false
        this.log.warn({ err: error }, 'that a desk was armed was not written down; it is tried again')
      })
  }
}
