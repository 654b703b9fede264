// The words of the search, Chinese first; they come with its dialog.
import type { Bilingual } from '../../../../contract/rules.ts'

export const WORDS = {
  title: { zh: '查找', en: 'Find' },
  field: { zh: '名称、编号、拼音或首字母', en: 'Name, id, pinyin or initials' },
  hint: {
    zh: '例如“青禾街道”可以输入 青禾、qinghe、qhjd 或 青禾jd',
    en: 'Part of a name or id; Chinese names also by pinyin (qinghe) or initials (qhjd)',
  },
  recent: { zh: '最近查找', en: 'Recent' },
  'recent.clear': { zh: '清除', en: 'Clear' },
  none: { zh: '没有找到“{q}”', en: 'Nothing found for “{q}”' },
  'none.hint': {
    zh: '只在您管辖范围内查找。可以少输几个字，或换成拼音。',
    en: 'Only what is in your places is searched. Type less of it, or its pinyin.',
  },
  results: { zh: '查找结果', en: 'Results' },
  found: { zh: '找到 {n} 项', en: '{n} {n|result|results}' },
  more: { zh: '共 {n} 项，看全部', en: 'All {n}' },
  total: { zh: '共 {n} 项', en: '{n} in all' },
  failed: { zh: '没有查成，请再试一次。', en: 'It could not be searched. Try again.' },
  'group.alarms': { zh: '未关闭报警', en: 'Open alarms' },
  'group.areas': { zh: '区域', en: 'Areas' },
  'group.sites': { zh: '场所', en: 'Sites' },
  'group.rooms': { zh: '房间', en: 'Rooms' },
  'group.devices': { zh: '设备', en: 'Devices' },
  'group.users': { zh: '用户', en: 'Users' },
} as const satisfies Record<string, Bilingual>
