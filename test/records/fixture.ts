// A ledger in a directory of its own, gone after the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { KindRule } from '../../contract/rules.ts'
import type { Actor, Ledger, LedgerOptions } from '../../records/ledger.ts'
import { createLedger } from '../../records/sqlite-ledger.ts'

export const ADMIN: Actor = { userId: 'u-admin', name: '管理员', address: '127.0.0.1' }

export const RESIDUAL_CURRENT: KindRule = {
  kind: 'electricity',
  id: 'electricity.residual_current',
  type: 'threshold',
  signal: 'residual_current',
  title: { zh: '剩余电流超限', en: 'Residual current over limit' },
  category: 'electrical',
  cause: 'condition',
  provenance: { mark: 'S', standard: 'GB 14287.2-2014' },
  metric: 'residual_current',
  direction: 'high',
  variants: [
    {
      levels: [{ name: 'alarm', limit: 300, priority: 2, onDelay: 0, latch: true }],
      deadband: { absolute: 10 },
      offDelay: 30,
    },
  ],
  also: [],
}

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'zhian-ledger-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Started; stopped after the test. */
export async function startedLedger(directory: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  const ledger = inertLedger(directory, options)
  await ledger.start()
  onTestFinished(() => ledger.stop())
  return ledger
}

export function inertLedger(directory: string, options: Partial<LedgerOptions> = {}): Ledger {
  return createLedger({
    directory,
    defaultRules: [RESIDUAL_CURRENT],
    hashDeviceToken: (token, key) => `${key.length}:${token.length}:${token.slice(0, 8)}`,
    ...options,
  })
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
