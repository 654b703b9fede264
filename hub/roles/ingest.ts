import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { StartProblem } from '../start-problem.ts'
import type { Running } from './start.ts'

export function startIngestRole(config: Config, log: Logger): Promise<Running> {
  log.error(config.ZHIAN_ROLE)
  throw new StartProblem('这个角色尚未装好。This role is not there yet.')
}
