// What a page says it has opened, and what the others are told of it. It shares the socket with the alarms and must cost them
// nothing: one small message a second at most, to those for whom something has changed, and never to a page that is behind.
import type { Peers, Records, Viewing } from '../ports.ts'
import type { Audience } from './audience.ts'
import type { Connection, FeedServer } from './connection.ts'
import { ViewerBoard } from './viewers.ts'

const NOBODY = '[]'

export class LiveViewers {
  readonly #io: FeedServer
  readonly #audience: Audience
  readonly #alarms: Pick<Records['alarms'], 'place'>
  readonly #peers: Pick<Peers, 'tellViewing'> | undefined
  readonly #board = new ViewerBoard()

  constructor(
    io: FeedServer,
    audience: Audience,
    alarms: Pick<Records['alarms'], 'place'>,
    peers?: Pick<Peers, 'tellViewing'>,
  ) {
    this.#io = io
    this.#audience = audience
    this.#alarms = alarms
    this.#peers = peers
  }

  /** An alarm outside the viewer's scope is one that nobody has opened: asking tells nothing. */
  async viewing(connection: Connection, alarmId: string | null, now: () => number): Promise<void> {
    const turn = ++connection.viewingTurn
    const { scope, userId, name } = connection.principal
    const place = alarmId === null ? null : await this.#alarms.place(scope, alarmId)
    // A later word of the same page, or its end, came while the ledger was read.
    if (turn !== connection.viewingTurn || !connection.socket.connected) return
    if (alarmId === null || place === null) return this.#letGo(connection.socket.id)
    const viewing = { alarmId, place, person: { id: userId, name } }
    this.#board.report(connection.socket.id, viewing, now())
    this.#peers?.tellViewing(connection.socket.id, viewing)
  }

  gone(connection: Connection): void {
    connection.viewingTurn += 1
    this.#letGo(connection.socket.id)
  }

  /** Of a page on another dashboard. */
  elsewhere(page: string, viewing: Viewing | null, now: number): void {
    if (viewing === null) this.#board.gone(page)
    else this.#board.report(page, viewing, now)
  }

  #letGo(page: string): void {
    if (this.#board.gone(page)) this.#peers?.tellViewing(page, null)
  }

  flush(now: number): void {
    this.#board.forget(now)
    for (const { scope, connections } of this.#audience.groups()) {
      const viewers = this.#board.within(scope)
      const news = viewers.length === 0 ? NOBODY : JSON.stringify(viewers)
      const behind = [...connections].filter(
        (one) => one.toldViewers !== news && one.backlog.bytes === 0 && one.hears('viewers'),
      )
      if (behind.length === 0) continue
      for (const one of behind) one.toldViewers = news
      this.#io.to(behind.map(({ socket }) => socket.id)).emit('viewers', viewers)
    }
  }
}
