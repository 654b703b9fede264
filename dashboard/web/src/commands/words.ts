// The words of commands, Chinese first. They come with the page of a device, not with the desk.
import type { CommandEnding, CommandState, HarmlessCommand } from '../../../../contract/http/commands.ts'
import type { Bilingual } from '../../../../contract/rules.ts'

export const WORDS = {
  title: { zh: '下发命令', en: 'Commands' },
  lead: {
    zh: '只在设备此刻在线时下发，到时作废，绝不补发。',
    en: 'Sent only while the device is connected; it lapses in time and is never sent later.',
  },
  offline: {
    zh: '本页与平台的连接断开，现在不能下发；恢复后请重新点按，不会排队。',
    en: 'This page is cut off from the hub: nothing can be sent now. Ask again when it is back; nothing is queued.',
  },
  away: {
    zh: '设备不在线，现在不能下发，也不会等它上线再发。',
    en: 'The device is not connected: nothing can be sent now, and nothing is kept for later.',
  },
  muteAuthorisation: {
    zh: '没有产权人同意远程消音的记录，不能远程消音。',
    en: 'No authorisation by the owner is on record: it cannot be muted from here.',
  },
  reason: { zh: '原因', en: 'Why' },
  'reason.routine': { zh: '例行检查', en: 'routine check' },
  'reason.installing': { zh: '安装调试', en: 'installation' },
  'reason.verified': { zh: '现场已核实', en: 'verified on site' },
  'reason.find': { zh: '现场找设备', en: 'to find the device' },
  'reason.other': { zh: '其他…', en: 'another…' },
  'reason.text': { zh: '写明原因', en: 'Say why' },
  sending: { zh: '正在下发…', en: 'Sending…' },
  left: { zh: '还有 {n} s 作废', en: 'lapses in {n} s' },
  by: { zh: '{name} · {reason}', en: '{name} · {reason}' },
  seen: { zh: '已见效', en: 'seen in effect' },
  'seen.failed': { zh: '自检未通过', en: 'the self-test failed' },
  unseen: { zh: '设备未回报动作', en: 'no word of the effect yet' },
  history: { zh: '命令记录', en: 'What was asked' },
  none: { zh: '还没有下发过命令。', en: 'Nothing has been asked of it yet.' },
  'confirm.title': { zh: '请再输入一次密码', en: 'Your password once more' },
  'confirm.lead': {
    zh: '手机上下发命令前要确认是本人；之后 15 分钟内不再询问。',
    en: 'Before a telephone moves a device it proves whose hand it is in; then not again for 15 minutes.',
  },
  'confirm.do': { zh: '确认并下发', en: 'Confirm and send' },
  password: { zh: '密码', en: 'Password' },
} as const satisfies Record<string, Bilingual>

export const STATES: Record<CommandState, Bilingual> = {
  requested: { zh: '已记录', en: 'written down' },
  sent: { zh: '已下发', en: 'sent' },
  delivered: { zh: '设备已收到', en: 'received by the device' },
  done: { zh: '设备答已完成', en: 'device says done' },
  failed: { zh: '失败', en: 'failed' },
  expired: { zh: '已作废', en: 'lapsed' },
}

export const ENDINGS: Record<CommandEnding, Bilingual> = {
  answered_ok: { zh: '设备已应答', en: 'the device answered' },
  answered_error: { zh: '设备答未执行', en: 'the device says it did not' },
  not_connected: { zh: '设备刚断线，没有发出', en: 'the device had just left; it was not sent' },
  not_sent: { zh: '没来得及发出', en: 'it was not sent in time' },
  not_delivered: {
    zh: '设备没有签收，可能未收到；到时已作废',
    en: 'no receipt; the device may not have it, and it has lapsed',
  },
  no_reply: { zh: '设备收到了，但没有回话，是否执行不明', en: 'the device has it and does not say whether it did it' },
  hub_restarted: {
    zh: '平台中途重启，是否执行不明；不会补发',
    en: 'the hub was restarted; whether it was done is not known, and it is not sent again',
  },
}

export const NAMES: Record<HarmlessCommand, Bilingual> = {
  self_test: { zh: '自检', en: 'Self-test' },
  mute: { zh: '远程消音', en: 'Mute device' },
  locate: { zh: '定位', en: 'Locate' },
}
