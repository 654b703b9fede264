// What a tenant is told in writing: how to live safely, whom to call, and what is collected of them and why (个人信息保护法
// Art. 17). Given out in the language of whoever prints it.
import type { Bilingual } from '../../../../contract/rules.ts'

interface Part {
  readonly title: Bilingual
  readonly lines: readonly Bilingual[]
}

export const NOTICE: readonly Part[] = [
  {
    title: { zh: '一、用电用气防火', en: '1. Electricity, gas, fire' },
    lines: [
      {
        zh: '不在房间、走道、楼梯间停放电动自行车，不把电池带进房间充电。',
        en: 'Keep no e-bike in the room, corridor or stairwell, and charge no battery in the room.',
      },
      {
        zh: '不私拉电线，不超过房间限定功率；离开时关闭电热器具。',
        en: 'No makeshift lines; stay within the power limit of the room; switch heaters off when you leave.',
      },
      {
        zh: '使用燃气时通风，用后关阀；闻到燃气味先关阀、开窗、到室外再打电话，不开关电器。',
        en: 'Ventilate while gas burns and shut it after. If you smell gas: shut the valve, open windows, go outside, then call; touch no switch.',
      },
      {
        zh: '燃气热水器、煤炉必须通风排烟，谨防一氧化碳中毒。',
        en: 'Water heaters and stoves need air and a flue: carbon monoxide kills.',
      },
      {
        zh: '疏散通道、安全出口、逃生窗口保持畅通。',
        en: 'Keep exits, corridors and escape windows free.',
      },
      {
        zh: '不遮挡、拆除或断电烟感、燃气、漏电等报警设备；报警响时先查看、先离开，再联系管理员。',
        en: 'Do not cover, remove or unplug detectors. When one sounds: look, leave, then call the manager.',
      },
    ],
  },
  {
    title: { zh: '二、收集哪些信息、为什么', en: '2. What is collected, and why' },
    lines: [
      {
        zh: '姓名、联系电话、居住人数、租期：发生险情时联系您，依法办理租住登记。加密保存，平时只显示部分，每次查看都有记录。',
        en: 'Name, telephone, number of people, term of the lease: to reach you in danger and to register tenants as the law asks. Kept encrypted, shown in part; every full viewing is recorded.',
      },
      {
        zh: '房间内电流、温度、燃气、烟雾和用电量读数：发现火灾、燃气泄漏和用电危险，按月抄表。房间内没有摄像、录音。',
        en: 'Readings of current, temperature, gas, smoke and electricity used: to find fire, leaks and electrical danger, and for the monthly meter sheet. No picture and no sound is taken in the room.',
      },
      {
        zh: '谁能看到：本房屋管理员、值班室和所在镇街；房东看到的姓名号码是脱敏的。房间报警由值班室处置，并通知您的管理员；您退租后，报警不再与您关联。',
        en: 'Who sees it: the house’s managers, the duty desk and the town; landlords see names and numbers masked. An alarm of the room goes to the duty desk and to your manager; once you have moved out, none is tied to you.',
      },
      {
        zh: '您可以要求查阅、复制、更正、删除您的信息，或要求说明；请联系下列管理员。',
        en: 'You may ask to see, copy, correct or erase what is kept of you, or for an explanation: contact the manager below.',
      },
    ],
  },
]

/** Everybody's numbers. */
export const EMERGENCY: readonly { readonly number: string; readonly whom: Bilingual }[] = [
  { number: '119', whom: { zh: '火警', en: 'Fire' } },
  { number: '120', whom: { zh: '急救', en: 'Ambulance' } },
  { number: '110', whom: { zh: '报警求助', en: 'Police' } },
]

export const PHONES_TITLE: Bilingual = { zh: '三、联系电话', en: '3. Telephone numbers' }
export const HEADING: Bilingual = { zh: '居住出租房屋安全告知书', en: 'Safety notice for tenants' }
export const SIGNATURES: readonly Bilingual[] = [
  { zh: '租客（签名）：', en: 'Tenant (signature):' },
  { zh: '告知人（签名）：', en: 'Told by (signature):' },
  { zh: '日期：', en: 'Date:' },
  { zh: '出租方（盖章）：', en: 'Landlord (seal):' },
]
