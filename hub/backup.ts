// npm run backup -- [--to DIR]
//
// A copy of the ledger, also while the hub runs: consistent, verified, durable before it is announced.
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { backupOf } from '../records/backups.ts'
import { LedgerUnusable } from '../records/errors.ts'
import { MIGRATIONS } from '../records/migrations/all.ts'
import { ledgerFileIn } from '../records/sqlite/files.ts'
import { dataDirectory } from './data-directory.ts'
import { backupName } from './schedule.ts'

const USAGE = '用法 usage: npm run backup -- [--to DIR]\n'

async function run(): Promise<number> {
  let to: string | undefined
  try {
    to = parseArgs({ options: { to: { type: 'string' } } }).values.to
  } catch {
    process.stderr.write(USAGE)
    return 2
  }
  const data = dataDirectory(process.env)
  const file = ledgerFileIn(data)
  if (!existsSync(file)) {
    process.stderr.write(`${resolve(data)} 里没有账本。There is no ledger in ${resolve(data)}.\n`)
    return 1
  }
  const directory = to ?? join(data, 'backups')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const target = join(directory, backupName(Date.now()))
  try {
    const { transitions, alarms, devices, audit, files } = await backupOf(file, target, MIGRATIONS.length)
    process.stdout.write(
      `${[
        `已备份并校验 Backed up and verified: ${resolve(target)}`,
        `  设备 devices ${devices} · 报警 alarms ${alarms} · 变化 transitions ${transitions} · 审计 audit ${audit.rows} · 文件 files ${files.named - files.missing}`,
        ...(files.missing === 0 ? [] : [`  缺失的文件（本机也没有）files missing here too: ${files.missing}`]),
        `  照片和文档在同目录的 files 里，拷走备份时一起拷走。The files are in the folder files beside it: copy both.`,
        '  个人信息的密钥不在备份里，请另行保管。The key of personal values is in no backup: keep it apart.',
        `  审计链末端（请另行留存，可证明此前的记录未被改动）audit chain ends with (keep it elsewhere, as proof): ${audit.head}`,
        `  不含读数：历史读数在 ${join(data, 'readings')}，请在停止智安后复制该目录。`,
        `  Readings are not included: they are in ${join(data, 'readings')}; copy that folder while the hub is stopped.`,
      ].join('\n')}\n`,
    )
    return 0
  } catch (error) {
    if (!(error instanceof LedgerUnusable)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

process.exitCode = await run()
