// What the pictures of the documentation show: a hub of its own, a dozen alarms through the front door. Places and people
// are invented.
import mqtt from 'mqtt'
import type { Api } from '../support/api.ts'
import type { HubProcess } from '../support/hub-process.ts'

export const PASSWORD = 'night shift 2026'
const MINUTE = 60_000

/** Place, device, and what it says: one value, or a series that ends in it. */
const SCENE: readonly [
  area: string,
  site: string,
  id: string,
  kind: string,
  name: string,
  metric: string,
  value: number,
][] = [
  ['示范县/青禾街道/槐荫社区', '12 号', 'gas-12', 'gas', '共用厨房', 'gas_lel', 62],
  ['示范县/青禾街道/槐荫社区', '33 号', 'smoke-33', 'smoke', '二楼走道', 'smoke', 1],
  ['示范县/柳岸镇/河口村', '恒丰粮油', 'meter-hf', 'electricity', '总进线', 'residual_current', 412],
  ['示范县/石榴镇/东庄村', '广利五金', 'meter-gl', 'electricity', '车间配电', 'temperature_b', 73],
  ['示范县/青禾街道/槐荫社区', '7 号', 'gas-7', 'gas', '一楼厨房', 'gas_lel', 11],
  ['示范县/竹海镇/岭下村', '小城饭店', 'gas-xc', 'gas', '后厨', 'gas_lel', 14],
  ['示范县/望山街道/城西社区', '望山公寓 2 单元', 'meter-ws', 'electricity', '二单元总进线', 'residual_current', 246],
  ['示范县/白鹭镇/水车村', '水车碾米厂', 'meter-sc', 'electricity', '总进线', 'voltage_a', 252.4],
  ['示范县/稻香镇/新桥村', '新桥超市', 'meter-xq', 'electricity', '总进线', 'temperature_a', 63],
  ['示范县/茶园镇/上坪村', '茶园合作社', 'smoke-cy', 'smoke', '仓库', 'battery', 9],
]

export const ALARMS = SCENE.length

/** Registers the devices and the people; resolves with the devices' tokens. */
export async function settle(admin: Api): Promise<Map<string, string>> {
  const rows = SCENE.map(([area, site, id, kind, name]) =>
    [id, kind, name, area, site, '李阿姨', '138-0000-0012'].join(','),
  )
  const csv = ['id,kind,name,area,site,contact_name,contact_phone', ...rows].join('\n')
  const { tokens } = await admin.ok<{ tokens: { id: string; token: string }[] }>('POST', '/devices/import', csv)
  await admin.ok('POST', '/users', {
    username: 'zhou',
    name: '周晓岚',
    role: 'duty',
    password: PASSWORD,
    mustChange: false,
  })
  return new Map(tokens.map(({ id, token }) => [id, token]))
}

/** Lets every device say what it has to say, the least urgent first. */
export async function happen(hub: HubProcess, tokens: ReadonlyMap<string, string>): Promise<void> {
  for (const [, , id, , , metric, value] of SCENE.toReversed()) {
    const token = tokens.get(id) as string
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, {
      username: id,
      password: token,
      reconnectPeriod: 0,
    })
    await client.publishAsync(`zhian/v1/${id}/readings`, JSON.stringify(series(metric, value)), { qos: 1 })
    await client.endAsync()
  }
}

/** Half an hour that was ordinary and then was not. */
function series(metric: string, value: number): { ts: number; values: Record<string, number> }[] {
  const now = Date.now()
  const binary = metric === 'smoke'
  return Array.from({ length: 31 }, (_, index) => {
    const share = Math.max(0, (index - 20) / 10) ** 2
    const quiet = metric === 'voltage_a' ? 228 : metric === 'battery' ? 40 : value * 0.12
    const wobble = 1 + 0.04 * Math.sin(index * 1.7)
    const reached = binary ? (index === 30 ? 1 : 0) : quiet * wobble + (value - quiet * wobble) * share
    return { ts: now - (30 - index) * MINUTE, values: { [metric]: Math.round(reached * 10) / 10 } }
  })
}
