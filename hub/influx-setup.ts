// npm run influx:setup
//
// Makes InfluxDB's organisation, buckets with their retention, and the nightly tasks that roll readings up; or brings them up
// to date after ZHIAN_RAW_DAYS and its like were changed. Done again it changes nothing. The token is never printed.
import { setUpInflux } from '../ingest/readings/influx-admin.ts'
import { StoreUnavailableError, StoreUnusableError } from '../ingest/readings/unavailable.ts'
import { ConfigError, readConfig } from './config.ts'
import { retentionOf } from './reading-store.ts'

async function run(): Promise<number> {
  try {
    const config = readConfig(process.env)
    const { ZHIAN_INFLUX_URL: url, ZHIAN_INFLUX_TOKEN: token } = config
    if (url === undefined || token === undefined) {
      process.stderr.write(
        '请设置 ZHIAN_INFLUX_URL 和 ZHIAN_INFLUX_TOKEN（须有建立存储桶和任务的权限）。\n' +
          'Set ZHIAN_INFLUX_URL and ZHIAN_INFLUX_TOKEN; the token must be allowed to make buckets and tasks.\n',
      )
      return 1
    }
    const { ZHIAN_INFLUX_ORG: org, ZHIAN_INFLUX_BUCKET: bucket } = config
    await setUpInflux({ url, token, org, bucket, retention: retentionOf(config) }, (done) =>
      process.stdout.write(`${done}\n`),
    )
    process.stdout.write('InfluxDB 已就绪。InfluxDB is set up.\n')
    return 0
  } catch (error) {
    const expected = [ConfigError, StoreUnavailableError, StoreUnusableError].some((kind) => error instanceof kind)
    if (!expected) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

process.exitCode = await run()
