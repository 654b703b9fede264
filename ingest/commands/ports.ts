// What the commands need from the rest of the hub, and what they tell.
import type { Command, CommandArgs, CommandRefusal } from '../../contract/http/commands.ts'
import type { RejectionReason, ReplyPayload } from '../../contract/payloads.ts'
import type { Line } from './judge.ts'

/** The way to the devices; the broker fulfils it, or whoever finds the broker that holds the device's connection. */
export interface CommandLine {
  lineOf(deviceId: string, gatewayId: string | null): Line | Promise<Line>
  /**
   * Hands it to a device that listens now; false when none does, and it is not kept. Its line is cut when it has not been
   * acknowledged within `withinMs`: what still lies in it must not arrive later.
   */
  send(
    deviceId: string,
    gatewayId: string | null,
    payload: string,
    options: { readonly withinMs: number; readonly delivered: () => void },
  ): boolean | Promise<boolean>
}

export interface CommandRequest {
  /** Of the command that it makes; absent: a new one. */
  readonly id?: string
  readonly deviceId: string
  readonly name: string
  readonly args: CommandArgs
  readonly reason: string
}

export type CommandOutcome =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly refusal: CommandRefusal; readonly wrongArgs: readonly string[] }

/** Why a reply is rejected; else resolves when what it says is in the ledger, and it may be acknowledged (G1). */
export type ReplyTaken = RejectionReason | Promise<void>

export interface Replies {
  take(deviceId: string, reply: ReplyPayload): ReplyTaken
}
