// 视频: a channel of an external video system. No telemetry and nothing in common with the sensors; only its loss is told.
import { attribute, pair, recommended } from './notation.ts'
import type { Rule } from '../rules.ts'
import type { Kind } from './kind.ts'

const videoLost: Rule = {
  id: 'camera.video_lost',
  type: 'event',
  mode: 'pair',
  signal: 'video_lost',
  title: { zh: '视频丢失', en: 'Video lost' },
  category: 'fault',
  cause: 'condition',
  provenance: recommended(),
  raises: [{ event: 'video_lost', priority: 4 }],
  returns: ['video_restored'],
  offDelay: 0,
  latch: false,
}

export const camera: Kind = {
  name: 'camera',
  label: { zh: '视频', en: 'Camera' },
  reportEverySeconds: null,
  power: 'mains',
  metrics: [],
  events: pair('video_lost', '视频丢失', 'Video lost', [], {
    name: 'video_restored',
    zh: '视频恢复',
    en: 'Video restored',
  }),
  commands: [],
  attributes: [
    attribute('channelId', '通道编码（20 位）', 'Channel id (20 digits)'),
    attribute('url', '视频地址', 'Video address'),
    attribute('covers', '覆盖部位', 'What it covers', 'list'),
  ],
  rules: [videoLost],
}
