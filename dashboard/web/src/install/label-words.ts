// The words of the label sheet, Chinese first.
import type { Bilingual } from '../../../../contract/rules.ts'

export const WORDS = {
  title: { zh: '设备标签', en: 'Device labels' },
  chosen: { zh: '已选 {n} 台', en: '{n} chosen' },
  search: { zh: '查找设备', en: 'Find devices' },
  all: { zh: '选中这 {n} 台', en: 'Choose these {n}' },
  none: { zh: '全部取消', en: 'Choose none' },
  print: { zh: '打印 A4', en: 'Print on A4' },
  more: {
    zh: '共 {total} 台，显示前 {shown} 台；用查找缩小范围。',
    en: 'The first {shown} of {total}; search to narrow it down.',
  },
  sheet: { zh: '标签页', en: 'Sheet of labels' },
} as const satisfies Record<string, Bilingual>
