// What a visitor may make happen at any moment, whatever else goes on: data for keys, buttons and tests.
import type { DemoScene } from '../../contract/http/demo.ts'
import type { Bilingual } from '../../contract/rules.ts'
import { incident } from '../incidents.ts'
import { FEEDER } from './county.ts'
import type { County, Happening } from './county.ts'

export interface Scene {
  readonly name: DemoScene
  readonly label: Bilingual
  /** What happens when it is called for at world time `now`. */
  readonly happenings: (county: County, now: number) => readonly Happening[]
}

const on = (county: County, name: string): string => county.called(name).id

export const SCENES: readonly Scene[] = [
  {
    name: 'gas_leak',
    label: { zh: '燃气泄漏', en: 'gas leak' },
    happenings: (county, now) => [
      { deviceId: on(county, '槐荫 2 号 共用厨房'), incident: incident('leak', now, { seconds: 40 }) },
    ],
  },
  {
    name: 'leakage',
    label: { zh: '漏电爬升', en: 'leakage creeps up' },
    happenings: (county, now) => [
      {
        deviceId: on(county, '槐荫 3 号 总进线'),
        incident: incident('creep', now, { seconds: 30, value: 360 }),
      },
    ],
  },
  {
    name: 'hot_terminal',
    label: { zh: '触头发热', en: 'loose terminal' },
    happenings: (county, now) => [
      {
        deviceId: on(county, '槐荫 12 号 总进线'),
        incident: incident('hot_terminal', now, { seconds: 240, value: 75, metric: 'temperature_c' }),
      },
    ],
  },
  {
    name: 'power_cut',
    label: { zh: '断一个镇的电', en: 'cut the power of a town' },
    happenings: (county, now) =>
      FEEDER.map((name) => ({ deviceId: on(county, name), incident: incident('feeder_cut', now, { seconds: 60 }) })),
  },
  {
    name: 'wrong_clock',
    label: { zh: '设备时钟错', en: 'wrong clock' },
    happenings: (county, now) => [
      { deviceId: on(county, '槐荫 8 号 总进线'), incident: incident('clock', now, { seconds: 40 }) },
    ],
  },
  {
    name: 'misfit',
    label: { zh: '乱码', en: 'misfit payloads' },
    happenings: (county, now) => [
      { deviceId: on(county, '槐荫 10 号 总进线'), incident: incident('malformed', now, { seconds: 30 }) },
    ],
  },
]
