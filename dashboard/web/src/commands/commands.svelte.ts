// The commands of one device: what was asked of it, as it goes on; and asking.
import { commandSchema, confirmedSchema } from '../../../../contract/http/commands.ts'
import type { Command, HarmlessCommand } from '../../../../contract/http/commands.ts'
import { pageOf } from '../../../../contract/http/common.ts'
import { CallError, call } from '../api/client.ts'
import { failureText } from '../api/failure-text.ts'
import { ROUTES, withQuery } from '../api/routes.ts'

const SHOWN = 10

/** How far a command has come: what comes over the feed and what an answer holds may cross. */
const progressOf = (command: Command): number =>
  [command.sentAt, command.deliveredAt, command.repliedAt, command.endedAt, command.seenAt].filter((at) => at !== null)
    .length

export class DeviceCommands {
  list = $state.raw<readonly Command[]>([])
  loaded = $state(false)
  sending = $state<HarmlessCommand | null>(null)
  message = $state.raw<string | null>(null)
  /** The hub asks for the password before it sends this. */
  asksPassword = $state.raw<{ readonly name: HarmlessCommand; readonly reason: string } | null>(null)
  readonly #deviceId: string

  constructor(deviceId: string) {
    this.#deviceId = deviceId
  }

  async load(): Promise<void> {
    try {
      const path = withQuery(ROUTES.commands(this.#deviceId), { limit: SHOWN })
      const { items } = await call('GET', path, pageOf(commandSchema))
      for (const command of items) this.take(command)
    } catch {
      // The feed tells of those to come; what was is not worth a sentence over the page.
    }
    this.loaded = true
  }

  take(command: Command): void {
    if (command.deviceId !== this.#deviceId) return
    const known = this.list.find(({ id }) => id === command.id)
    if (known !== undefined && progressOf(known) > progressOf(command)) return
    const others = this.list.filter(({ id }) => id !== command.id)
    this.list = [command, ...others].toSorted((a, b) => b.requestedAt - a.requestedAt).slice(0, SHOWN)
  }

  async send(name: HarmlessCommand, reason: string): Promise<void> {
    this.sending = name
    this.message = null
    try {
      this.take(await call('POST', ROUTES.commands(this.#deviceId), commandSchema, { body: { name, reason } }))
      this.asksPassword = null
    } catch (error) {
      if (error instanceof CallError && error.details['reason'] === 'confirm_password')
        this.asksPassword = { name, reason }
      else this.message = failureText(error)
    }
    this.sending = null
  }

  /** Gives the password, and sends what waited for it: a person stands there and has just asked. */
  async confirm(password: string): Promise<string | null> {
    const waiting = this.asksPassword
    if (waiting === null) return null
    try {
      await call('POST', ROUTES.confirm, confirmedSchema, { body: { password } })
    } catch (error) {
      return failureText(error)
    }
    this.asksPassword = null
    await this.send(waiting.name, waiting.reason)
    return null
  }
}
