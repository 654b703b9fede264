// npm run restore -- FILE
//
// Puts a backup of the ledger in place, with the hub stopped. What was there is kept beside it.
import { resolve } from 'node:path'
import { LedgerUnusable } from '../records/errors.ts'
import { restoreLedger } from '../records/restore.ts'
import { dataDirectory } from './data-directory.ts'

const USAGE = '用法 usage: npm run restore -- FILE\n'

async function run(): Promise<number> {
  const [file, ...rest] = process.argv.slice(2)
  if (file === undefined || file.startsWith('-') || rest.length > 0) {
    process.stderr.write(USAGE)
    return 2
  }
  try {
    const restored = await restoreLedger(dataDirectory(process.env), file, Date.now())
    const { devices, alarms, transitions, audit, files, replaced } = restored
    process.stdout.write(
      `${[
        `已恢复并校验 Restored and verified: ${resolve(file)}`,
        `  设备 devices ${devices} · 报警 alarms ${alarms} · 变化 transitions ${transitions} · 审计 audit ${audit.rows} · 文件 files ${files.named}`,
        ...(files.missing === 0
          ? []
          : [
              `  注意：备份旁边的 files 目录里缺 ${files.missing} 个文件，它们打不开；找到后放进数据目录的 files 即可。`,
              `  Note: ${files.missing} files are not in the folder files beside the backup and will not open; put them into files in the data folder when found.`,
            ]),
        ...(replaced === null ? [] : [`  原账本保存为 the ledger before is kept as ${resolve(replaced)}`]),
        '  个人信息的密钥不在备份里：启动前放好原来的密钥文件（ZHIAN_PERSONAL_KEY_FILE，默认数据目录下 keys/personal.key）。',
        '  The key of personal values is in no backup: put the old key file in place before the start.',
        '  读数未改动：启动后，备份之后收到的读数会重新判定。',
        '  Readings were not touched: at the next start, those received after the backup are decided again.',
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
