// The words of the demonstration, Chinese first. They stand apart from the page's dictionary so that an ordinary hub's pages
// do not carry them.
import type { Bilingual } from '../../../../contract/rules.ts'

export const WORDS = {
  accounts: { zh: '演示账号，点一下就登录', en: 'Demo accounts: one touch signs in' },
  'group.desk': { zh: '值班台', en: 'At a desk' },
  'group.phone': { zh: '手机', en: 'On a phone' },
  'group.wall': { zh: '大屏', en: 'On the wall' },
  'group.office': { zh: '管理', en: 'In the office' },
  houses: { zh: '管 {n} 户', en: '{n} houses' },
  preparing: { zh: '正在登记示范县，几秒后可以登录…', en: 'Registering the county; you can sign in within seconds…' },
  acts: { zh: '让它发生', en: 'Make it happen' },
  cut: { zh: '断开本页 20 s', en: 'Cut this page off for 20 s' },
  'cut.left': { zh: '断开中 {n} s', en: 'Cut off, {n} s' },
  again: { zh: '重演', en: 'Play again' },
  done: { zh: '{time} 已开始：{what}', en: '{time} begun: {what}' },
  second: { zh: '剧情 {time}，{speed} 倍速', en: 'story at {time}, speed ×{speed}' },
  kill: { zh: '杀掉平台', en: 'Kill the hub' },
  'kill.pid': {
    zh: '现在试试 kill -9 平台：pid {pid}\nnow kill -9 the hub: pid {pid}',
    en: 'now kill -9 the hub: pid {pid}',
  },
  'kill.lead': {
    zh: '现在在终端执行 kill -9，平台会自己回来：看遮罩、“已补齐 n 条，丢失 0”，报警和接警人都还在。',
    en: 'Run kill -9 in a terminal; the hub comes back by itself: see the veil, “caught up n, lost 0”, and every alarm still taken by the same name.',
  },
  hint: { zh: '现在', en: 'Now' },
  'hint.show': { zh: '在值班台下方显示提示', en: 'Show hints under the duty desk' },
  'hint.away': { zh: '收起提示（可在“控场”里再打开）', en: 'Put hints away (the demo stage brings them back)' },
  lan: { zh: '用手机看', en: 'On a phone' },
  'lan.lead': {
    zh: '手机连同一个局域网，扫码打开，不用输密码。',
    en: 'In the same network: scan to open it, no password to type.',
  },
  'lan.off': { zh: '想用手机看，请这样启动：', en: 'To see it on a phone, start it so:' },
  script: { zh: '十分钟剧情', en: 'The story, ten minutes' },
  'script.time': { zh: '时间', en: 'Time' },
  'script.what': { zh: '发生什么', en: 'What happens' },
  'script.state': { zh: '状态', en: 'State' },
  'script.over': { zh: '已发生', en: 'done' },
  'script.now': { zh: '现在', en: 'now' },
  'script.coming': { zh: '将发生', en: 'to come' },
  'script.before': {
    zh: '剧情还没开始：设备正在补传过去 24 小时。',
    en: 'The story has not begun: devices deliver their last 24 hours.',
  },
  'anew.title': { zh: '正在重演', en: 'Beginning anew' },
  'anew.body': {
    zh: '旧数据已全部丢弃，正在重新登记示范县并补传 24 小时历史，约半分钟；好了会自动登录。',
    en: 'Everything was thrown away; the county is registered again with 24 hours of history, about half a minute. You are signed in again by itself.',
  },
  'own.line': { zh: '发送自己的读数', en: 'Send a reading of your own' },
  'own.row': { zh: '你的报警已上屏：{title}', en: 'Your alarm is on screen: {title}' },
  'own.ms': { zh: '平台收到 → 本页画出 {ms}', en: 'hub’s receipt → painted here {ms}' },
  reckoning: { zh: '十分钟的账', en: 'The account of ten minutes' },
  'reckoning.sum': {
    zh: '收到 {received} = 入库 {stored} + 拒收 {rejected}',
    en: 'received {received} = stored {stored} + rejected {rejected}',
  },
  'reckoning.alarms': { zh: '报警', en: 'Alarms' },
  'reckoning.shown': { zh: '上屏', en: 'On screen' },
  'reckoning.shown_of': { zh: '各浏览器上报 {n} 次', en: '{n} {n|report|reports} by browsers' },
  'reckoning.ack': { zh: '接警用时（中位）', en: 'Acknowledged in (median)' },
  'reckoning.ack_of': { zh: '{n} 条已接警，最长 {longest}', en: '{n} acknowledged, longest {longest}' },
  'reckoning.ack_none': { zh: '没有人接警', en: 'Nobody acknowledged one' },
  'reckoning.lost': { zh: '丢失', en: 'Lost' },
  'reckoning.lost_of': {
    zh: '核对 {devices} 台设备已获确认的 {n} 条读数',
    en: 'of {n} readings acknowledged to {devices} devices, looked up again',
  },
  'about.invented': {
    zh: '本平台正在演示：示范县的人物、地点、设备和读数全部虚构，由种子固定的模拟器产生，每次相同。',
    en: 'This hub plays a demonstration: the people, places, devices and readings of the county are invented by a seeded simulator, the same every time.',
  },
  'about.figures': {
    zh: '数量的来历：704 处场所、1,200 台用电设备等取自同一份县级建设需求；44 处餐饮燃气和 95 路摄像机借自另外两份，只为规模相当。示范县尚未装摄像机。',
    en: 'Where the figures come from: the 704 sites, the 1,200 electricity devices and others are of one county’s requirement; the 44 catering kitchens with gas and the 95 cameras are borrowed from two others, for size. The county has no cameras yet.',
  },
  'about.phones': {
    zh: '电话号码 138-0000-00xx 不是真号码，在演示中点了也不会拨出。',
    en: 'Telephone numbers 138-0000-00xx are not real, and in the demonstration a touch does not dial.',
  },
} as const satisfies Record<string, Bilingual>
