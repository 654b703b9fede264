// hub/main.ts for tests: the whole hub, which ends itself with SIGKILL when it comes by the point named in FAULT_POINT for
// the first time after it took the message numbered FAULT_MESSAGE (from 1). Without FAULT_POINT it lives.
import pino from 'pino'
import { readConfig } from '../../hub/config.ts'
import { startHub } from '../../hub/hub.ts'

const point = process.env['FAULT_POINT']
const message = Number(process.env['FAULT_MESSAGE'] ?? '1')

let taken = 0
const config = readConfig(process.env)
const log = pino({ level: config.ZHIAN_LOG_LEVEL }, pino.destination({ dest: 2, sync: true }))
const hub = await startHub(config, log, {
  faultPoint(passed) {
    if (passed === 'pipeline.accepted') taken++
    if (passed === point && taken >= message) process.kill(process.pid, 'SIGKILL')
  },
})
process.on('SIGTERM', () => void hub.stop().then(() => process.exit(0)))
