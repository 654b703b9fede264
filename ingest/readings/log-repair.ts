// A write-ahead log whose end was damaged by a power cut or a bad disk. DuckDB itself drops an end that is cut short; at an
// entry whose checksum is wrong it refuses to open. A hub that does not start cannot alarm, so the log is cut there, the
// damaged file is kept, and the start says so in both cases.
import { constants, copyFileSync, openSync, closeSync, fsyncSync, statSync, truncateSync } from 'node:fs'
import { silentlyDropped, startOfEntry } from './log-end.ts'

/** What DuckDB will drop from the log's end by itself, told for the operator; undefined: nothing. To be asked before it opens. */
export function tellOfDropped(log: string): string | undefined {
  const end = silentlyDropped(log)
  if (end === undefined) return undefined
  return end.hadCommits ? damaged(end.dropped, keep(log)) : unfinished(end.dropped)
}

/** Cuts the log where the error says it is damaged. Returns what to tell the operator, or undefined: not that kind of error. */
export function repairLog(log: string, error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : ''
  const found = /Corrupt WAL file: entry at byte position (\d+)/.exec(message)
  const length = statSync(log, { throwIfNoEntry: false })?.size
  if (!found || length === undefined) return undefined
  const at = startOfEntry(log, Number(found[1]))
  if (!(at < length)) return undefined
  const kept = keep(log)
  truncateSync(log, at)
  const file = openSync(log, 'r+')
  fsyncSync(file)
  closeSync(file)
  return damaged(length - at, kept)
}

function damaged(bytes: number, kept: string): string {
  return (
    `时序库日志末尾损坏，已丢弃最后 ${bytes} 字节，原文件保存在 ${kept}。 ` +
    `The end of the reading store's log was damaged: its last ${bytes} bytes were dropped, the damaged file is kept as ${kept}.`
  )
}

function unfinished(bytes: number): string {
  return (
    `时序库日志止于一次未写完的写入，已丢弃最后 ${bytes} 字节。 ` +
    `The reading store's log ended in an unfinished write: its last ${bytes} bytes were dropped.`
  )
}

function keep(log: string): string {
  for (let number = 1; ; number++) {
    const kept = `${log}.damaged-${number}`
    try {
      copyFileSync(log, kept, constants.COPYFILE_EXCL)
      return kept
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
