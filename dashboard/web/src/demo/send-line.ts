// The line with which a visitor sends a reading of their own. Pure.
import type { DemoStage } from '../../../../contract/http/demo.ts'
import { upTopic } from '../../../../contract/topics.ts'
import type { Hub } from '../devices/publish-line.ts'

export const sendLine = (hub: Hub, { deviceId, token, values }: NonNullable<DemoStage['visitor']>): string =>
  `mosquitto_pub -h ${hub.host} -p ${hub.port ?? 'PORT'} -u ${deviceId} -P ${token} -q 1 ` +
  `-t ${upTopic(deviceId, 'readings')} -m '${JSON.stringify({ values })}'`
