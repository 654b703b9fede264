// Commands to devices: what was asked of them, by whom, and what came of it.
import type { Command } from '../contract/http/commands.ts'
import type { Page } from '../contract/http/common.ts'
import { appendAudit } from './audit.ts'
import { findDevice } from './device-queries.ts'
import { LedgerError } from './errors.ts'
import type { Actor, PageQuery } from './ledger.ts'
import type { CommandLog } from './ledger/commands.ts'
import { decodeCursor, pageOfRows } from './page.ts'
import type { Scope } from './scope.ts'
import type { Store } from './store.ts'
import type { CommandTable } from './tables/commands.ts'

export class CommandRecords implements CommandLog {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  add(actor: Actor, command: Command): Promise<void> {
    return this.#store.write(async (trx) => {
      await trx.insertInto('command').values(rowOf(command)).execute()
      const entry = { actor, action: 'device.command', subject: `device:${command.deviceId}`, fields: [command.name] }
      await appendAudit(trx, this.#store.now(), [entry])
    })
  }

  save(command: Command): Promise<void> {
    const { id, ...row } = rowOf(command)
    return this.#store.write(async (trx) => {
      await trx.updateTable('command').set(row).where('id', '=', id).execute()
    })
  }

  async find(id: string): Promise<Command | null> {
    const row = await this.#store.read.selectFrom('command').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : commandOf(row)
  }

  async open(): Promise<Command[]> {
    const rows = await this.#store.read
      .selectFrom('command')
      .selectAll()
      .where('ended_at', 'is', null)
      .orderBy('requested_at')
      .execute()
    return rows.map(commandOf)
  }

  async list(scope: Scope, deviceId: string, query: PageQuery): Promise<Page<Command>> {
    const db = this.#store.read
    const device = await findDevice(db, scope, deviceId)
    if (device === null) throw new LedgerError('not_found', { zh: '没有这台设备。', en: 'There is no such device.' })
    const before = decodeCursor(query.cursor, 'number', 'string')
    // What was asked of an earlier device of this id was not asked of this one.
    const matching = db
      .selectFrom('command')
      .where('device_id', '=', deviceId)
      .where('requested_at', '>=', device.createdAt)
    const { total } = await matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    let page = matching.selectAll().orderBy('requested_at', 'desc').orderBy('id', 'desc')
    if (before !== null) page = page.where((eb) => eb(eb.refTuple('requested_at', 'id'), '<', eb.tuple(...before)))
    const rows = await page.limit(query.limit + 1).execute()
    return pageOfRows(rows, query.limit, total, (row) => [row.requested_at, row.id], commandOf)
  }
}

const commandOf = (row: CommandTable): Command => JSON.parse(row.body) as Command

const rowOf = (command: Command): CommandTable => ({
  id: command.id,
  device_id: command.deviceId,
  requested_at: command.requestedAt,
  ended_at: command.endedAt,
  body: JSON.stringify(command),
})
