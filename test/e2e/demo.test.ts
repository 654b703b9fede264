// `npm run demo` as a newcomer starts it, with the small county at speed: accounts that work, the story's first alarms in
// the right scopes, a hub that is back after `kill -9` with its open alarms, an end that leaves nothing behind. Then the
// same through a browser: in by a card, the stage, one's own reading, the page cut off, everything anew.
import { connectAsync } from 'mqtt'
import type { Browser, Page as BrowserPage } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Alarm } from '../../contract/alarms.ts'
import type { Page } from '../../contract/http/common.ts'
import type { About, DemoStage } from '../../contract/http/demo.ts'
import type { Device, Series } from '../../contract/http/devices.ts'
import { ACCOUNTS, ADMIN } from '../../simulators/county/people.ts'
import { Api } from '../support/api.ts'
import { browserPath, launchBrowser } from '../support/browser.ts'
import { DEMO_PASSWORD, DEMO_START_LIMIT_MS, DemoProcess, isAlive } from '../support/demo-process.ts'
import { until } from '../support/hub-process.ts'

const gasRow = async (api: Api): Promise<Alarm | undefined> => {
  const { items } = await api.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=200')
  return items.find(({ deviceName, signal }) => deviceName === '槐荫 12 号 共用厨房' && signal === 'gas_lel')
}

describe('npm run demo', () => {
  const ARGS = ['--small', '--speed', '20']
  let demo: DemoProcess
  let admin: Api
  const stage = (): Promise<DemoStage> => admin.ok<DemoStage>('GET', '/demo')

  beforeAll(async () => {
    demo = await DemoProcess.begin(ARGS)
    await demo.ready()
    admin = await Api.signIn(demo.base, 'admin', DEMO_PASSWORD)
  }, DEMO_START_LIMIT_MS + 10_000)

  afterAll(async () => {
    await demo.dispose()
  })

  it('says where to look, who may sign in, how to end it, and what it leaves out', () => {
    expect(demo.base).not.toBe('')
    for (const words of [
      '周晓岚',
      '沈青',
      '王大姐',
      '老郑',
      'admin',
      DEMO_PASSWORD,
      '按 q 结束',
      '-- --lan',
      '演示数据',
      '/demo',
    ])
      expect(demo.output).toContain(words)
  })

  it('has a day of history at the start, of five-minute points', async () => {
    const { items } = await admin.ok<Page<Device>>('GET', '/devices?limit=500')
    const meter = items.find(({ name }) => name === '槐荫 4 号 总进线')
    expect(meter).toMatchObject({ lifecycle: 'in_service' })
    const to = Date.now()
    const { points } = await admin.ok<Series>(
      'GET',
      `/devices/${meter?.id}/readings?metric=power&from=${to - 86_400_000}&to=${to}&points=500`,
    )
    const samples = points.reduce((sum, { count }) => sum + count, 0)
    expect(samples).toBeGreaterThan(280)
    expect(Math.min(...points.map(({ t }) => t))).toBeLessThan(to - 23 * 3_600_000)
    expect(items.filter(({ lifecycle }) => lifecycle === 'registered').map(({ id }) => id)).toEqual(['gas-104'])
  })

  it('raises the first alarms of the story, each manager seeing their own', async () => {
    const row = await until('gas rises to its high limit', async () => {
      const found = await gasRow(admin)
      return found?.priority === 1 ? found : null
    })
    expect(row.place.at(-1)).toBe('槐荫 12 号')
    const [wang, zheng] = [
      await Api.signIn(demo.base, 'wang', DEMO_PASSWORD),
      await Api.signIn(demo.base, 'zheng', DEMO_PASSWORD),
    ]
    expect((await gasRow(wang))?.id).toBe(row.id)
    expect(await gasRow(zheng)).toBeUndefined()
    expect(demo.output).toContain('燃气低限')
    expect((await wang.call('GET', '/demo')).status).toBe(403)
    expect((await wang.call('POST', '/demo/cues', { cue: 'again' })).status).toBe(403)
  })

  it('G2: comes back after kill -9 with the same row open, acknowledged by the same name', async () => {
    const duty = await Api.signIn(demo.base, 'zhou', DEMO_PASSWORD)
    // What rises further asks for another acknowledgement.
    const row = await until('the gas row has risen as far as it will', async () => {
      const found = await gasRow(duty)
      return found?.level === 'high' ? found : null
    })
    await until('nobody else moved the row meanwhile', async () => {
      const { seq } = (await gasRow(duty)) ?? row
      return (await duty.call('POST', `/alarms/${row.id}/ack`, { seq, reason: 'seen' })).status < 300
    })
    const { pid } = await stage()
    expect(demo.hubPids).toEqual([pid])
    process.kill(pid, 'SIGKILL')
    await until('the hub is up again', () => demo.hubPids.length > 1, 60_000)
    expect(demo.hubPids[1]).not.toBe(pid)
    expect(demo.output).toContain('平台已重新启动')
    expect((await stage()).pid).toBe(demo.hubPids[1])
    expect(await gasRow(duty)).toMatchObject({ id: row.id, ack: { by: { name: '周晓岚' } } })
    // The devices find back by themselves.
    await until('every device is connected again', async () => {
      const { total } = await admin.ok<Page<Device>>('GET', '/devices?limit=1&online=true')
      const all = await admin.ok<Page<Device>>('GET', '/devices?limit=1')
      return total === all.total - 1
    })
  })

  it('makes a scene happen on a key, and on a button', async () => {
    demo.press('1')
    await admin.ok('POST', '/demo/cues', { cue: 'leakage' })
    const raised = async (deviceName: string) => {
      const { items } = await admin.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=200')
      return items.some((alarm) => alarm.deviceName === deviceName && alarm.priority <= 2)
    }
    await until('gas leaks where the visitor wanted it', () => raised('槐荫 2 号 共用厨房'))
    await until('current leaks where the visitor wanted it', () => raised('槐荫 3 号 总进线'))
    expect(demo.output).toContain('▶ 漏电爬升')
  })

  it('G1, G10: gives its account after ten minutes, all of it measured, over the kill', async () => {
    const reckoning = await until('the story is over', async () => (await stage()).reckoning, 90_000)
    expect(reckoning.received).toBe(reckoning.stored + reckoning.rejected)
    expect(reckoning.rejected).toBeGreaterThan(0)
    expect(reckoning.alarms).toBeGreaterThan(10)
    expect(reckoning.acknowledged).toMatchObject({ count: 1 })
    expect(reckoning.witness.devices).toBeGreaterThan(15)
    expect(reckoning.witness.checked).toBeGreaterThan(1_000)
    expect(reckoning.witness.missing).toBe(0)
    expect(demo.output).toContain(`收到 received ${reckoning.received} = 入库 stored ${reckoning.stored}`)
  })

  it('ends on q, and leaves nothing behind', async () => {
    demo.press('q')
    await demo.ended()
    expect(demo.exitCode).toBe(0)
    expect(demo.hubPids.filter(isAlive)).toEqual([])
    expect(demo.dataLeft).toEqual([])
  })

  it.each([
    ['SIGTERM', 'is ready', /kill -9 the hub/],
    ['SIGINT', 'is still preparing', /正在准备/],
  ] as const)('ends as cleanly on %s when it %s', async (signal, _when, said) => {
    demo.beginAgain(ARGS)
    await until('it has come so far', () => said.test(demo.output), DEMO_START_LIMIT_MS)
    demo.kill(signal)
    await demo.ended()
    expect(demo.exitCode).toBe(0)
    expect(demo.hubPids.filter(isAlive)).toEqual([])
    expect(demo.dataLeft).toEqual([])
  })

  it('leaves nothing behind after kill -9 of itself: its hub notices, stops and takes its data along', async () => {
    demo.beginAgain(ARGS)
    await demo.ready()
    const [pid = 0] = demo.hubPids
    expect(demo.dataLeft).toHaveLength(1)
    demo.kill('SIGKILL')
    await demo.ended()
    await until('the hub has ended', () => !isAlive(pid), 60_000)
    expect(demo.dataLeft).toEqual([])
  })
})

describe.skipIf(browserPath() === undefined)('npm run demo, through a browser', () => {
  let demo: DemoProcess
  let browser: Browser
  let page: BrowserPage
  let api: Api
  const link = () => page.getByTestId('link').innerText()
  const veiled = () => page.getByTestId('veil').getAttribute('data-phase')

  beforeAll(async () => {
    demo = await DemoProcess.begin(['--small', '--speed', '10'])
    await demo.ready()
    browser = await launchBrowser()
    page = await (await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } })).newPage()
    api = await Api.signIn(demo.base, 'admin', DEMO_PASSWORD)
  }, DEMO_START_LIMIT_MS + 10_000)

  afterAll(async () => {
    await browser?.close()
    await demo.dispose()
  })

  it('lets a newcomer in by a card, and says on every page that all is invented', async () => {
    await page.goto(demo.base)
    await page.getByRole('button', { name: '周晓岚' }).click()
    await page.getByRole('link', { name: '演示数据' }).waitFor()
    await page.getByTestId('demo-hint').waitFor()
    await page.getByRole('button', { name: '收起提示' }).click()
    await page.getByTestId('demo-hint').waitFor({ state: 'detached' })
    await page.goto(`${demo.base}/about`)
    await page.getByText('44 处餐饮燃气').waitFor()
    // Nobody is called by a touch.
    const row = await until('gas is at its high limit', async () => {
      const found = await gasRow(api)
      return found?.priority === 1 ? found : null
    })
    await page.goto(`${demo.base}/desk?alarm=${row.id}`)
    await page.locator('article.detail').getByText('138-0000-0006').waitFor()
    expect(await page.locator('[href^="tel:"]').count()).toBe(0)
  })

  it('tells the story on its stage, and makes happen what a visitor wants', async () => {
    await page.goto(`${demo.base}/demo`)
    const { pid } = await api.ok<DemoStage>('GET', '/demo')
    expect(await page.getByTestId('demo-kill').innerText()).toContain(`pid ${pid}`)
    expect(await page.getByRole('row').filter({ hasText: '平静的值守台' }).innerText()).toContain('已发生')
    await page.getByText('在值班台下方显示提示').click()
    await page.getByRole('button', { name: '乱码' }).click()
    await page.getByText(/已开始：乱码/).waitFor()
    await until('the misfits have made their row', async () => {
      const { items } = await api.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=200')
      return items.some(({ deviceName, signal }) => deviceName === '槐荫 10 号 总进线' && signal === 'data')
    })
  })

  it('shows a visitor their own row with its milliseconds', async () => {
    await page.getByText(/^mosquitto_pub -h 127\.0\.0\.1/).waitFor({ timeout: 60_000 })
    const line = await page.getByText(/^mosquitto_pub/).innerText()
    const [, port = '', user = '', password = '', topic = '', payload = ''] =
      /-p (\d+) -u (\S+) -P (\S+) -q 1 -t (\S+) -m '(.*)'/.exec(line) ?? []
    await page.getByRole('link', { name: '值班台' }).click()
    await page.getByRole('listbox').waitFor()
    const device = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: user, username: user, password })
    await device.publishAsync(topic, payload, { qos: 1 })
    await until('the row is there', async () => {
      const { items } = await api.ok<Page<Alarm>>('GET', '/alarms?open=true&limit=200')
      return items.some(({ deviceId }) => deviceId === user)
    })
    await page.getByRole('link', { name: '演示数据' }).click()
    await until('its milliseconds are told', async () =>
      /本页画出 [\d.]+ m?s/.test(await page.getByTestId('demo-own-row').innerText()),
    )
    await device.endAsync()
  })

  it('G3: cuts the page off for 20 s and catches up without a loss', async () => {
    await page.getByRole('button', { name: '断开本页' }).click()
    await until('the page says that it is cut off', async () => (await veiled()) === 'disconnected')
    expect(await link()).toMatch(/起断开/)
    await until('it is live again', async () => (await veiled()) === 'live', 60_000)
    expect(await page.getByTestId('caught-up').innerText()).toMatch(/已补齐 \d+ 条，至 #\d+，丢失 0/)
  })

  it('begins anew, and signs in again by itself', async () => {
    const { run } = await api.ok<DemoStage>('GET', '/demo')
    await page.getByRole('button', { name: '重演' }).click()
    await page.getByText('正在重演').waitFor()
    const anew = await until(
      'the accounts are back',
      async () => {
        const answer = await fetch(`${demo.base}/api/v1/about`).catch(() => null)
        const about = answer?.ok === true ? ((await answer.json()) as About) : null
        return about?.demo?.ready === true && about.demo.run !== run ? about.demo : null
      },
      120_000,
    )
    expect(anew.accounts.map(({ username }) => username)).toEqual([...ACCOUNTS, ADMIN].map(({ username }) => username))
    // What was valid before is not any more.
    expect((await api.call('GET', '/demo')).status).toBe(401)
    await until('the page is live in the new one', async () => (await veiled()) === 'live', 60_000)
    await until('the story has begun', () => demo.hubPids.length === 2, 60_000)
    await page
      .getByTestId('demo-kill')
      .filter({ hasText: `pid ${demo.hubPids[1]}` })
      .waitFor()
    expect(await page.getByRole('row').filter({ hasText: '十分钟到' }).innerText()).toContain('将发生')
    expect(demo.dataLeft).toHaveLength(1)
  })
})
