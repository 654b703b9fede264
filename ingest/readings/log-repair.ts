// A write-ahead log whose end was damaged by a power cut or a bad disk. DuckDB itself drops an end that is cut short; at an
// entry whose checksum is wrong it refuses to open. A hub that does not start cannot alarm, so the log is cut there, the
// damaged file is kept, and the start says so.
import { constants, copyFileSync, openSync, closeSync, fsyncSync, statSync, truncateSync } from 'node:fs'

/** Cuts the log where the error says it is damaged. Returns what to tell the operator, or undefined: not that kind of error. */
export function repairLog(log: string, error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : ''
  const found = /Corrupt WAL file: entry at byte position (\d+)/.exec(message)
  const length = statSync(log, { throwIfNoEntry: false })?.size
  if (!found || length === undefined) return undefined
  const at = Number(found[1])
  if (!(at < length)) return undefined
  const kept = keep(log)
  truncateSync(log, at)
  const file = openSync(log, 'r+')
  fsyncSync(file)
  closeSync(file)
  return (
    `时序库日志末尾损坏，已丢弃最后 ${length - at} 字节，原文件保存在 ${kept}。 ` +
    `The end of the reading store's log was damaged: its last ${length - at} bytes were dropped, the damaged file is kept as ${kept}.`
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
