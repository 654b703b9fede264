// hub/main.ts for tests: the whole hub, whose event loop stands still for BLOCK_MS at each SIGUSR2.
import pino from 'pino'
import { readConfig } from '../../hub/config.ts'
import { startHub } from '../../hub/hub.ts'

const blockMs = Number(process.env['BLOCK_MS'] ?? '0')
const config = readConfig(process.env)
const log = pino({ level: config.ZHIAN_LOG_LEVEL }, pino.destination({ dest: 2, sync: true }))
const hub = await startHub(config, log)
process.on('SIGUSR2', () => {
  const until = performance.now() + blockMs
  while (performance.now() < until);
})
process.on('SIGTERM', () => void hub.stop().then(() => process.exit(0)))
