// `npm run demo`: a hub of its own with a simulated county at work, until somebody presses q. Nothing of it stays behind.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SCENES } from '../simulators/county/scenes.ts'
import { lanAddresses, portsNear } from './demo/addresses.ts'
import { HubChild } from './demo/hub-child.ts'
import { DEMO_HELP, parseDemoOptions } from './demo/options.ts'
import { Play } from './demo/play.ts'
import { accountOf, PREPARING, promptOf, restarted, visitorsLine, welcome } from './demo/words.ts'
import { buildPagesIfStale } from './pages.ts'
import type { DemoOptions } from './demo/options.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

/** Known to everybody who reads this: good on this machine, not in a network. */
const OPEN_PASSWORD = 'zhian-demo'
/** Seconds of the script at which the visitor gets a line to send, and the account of all messages. */
const VISITORS_TURN = 330
const RECKONING = 600

async function demo(options: DemoOptions): Promise<number> {
  const began = performance.now()
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0))
  say(PREPARING)
  buildPagesIfStale()

  const password = options.lan ? randomBytes(9).toString('base64url') : OPEN_PASSWORD
  const directory = mkdtempSync(join(tmpdir(), 'zhian-demo-'))
  const stops: (() => Promise<void>)[] = []

  const perform = async (): Promise<number> => {
    const { hub, base, mqttPort } = await openHub(options, password, directory, stops, () => end(1))
    const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`
    const play = new Play({ base, mqttUrl, password, small: options.small, speed: options.speed })
    stops.push(() => play.stop())
    const visitor = await play.register()
    await play.deliverPast()
    const keys = listenToKeys(play, () => end(0))
    say(
      welcome({
        base,
        mqttPort,
        password,
        pid: hub.pid,
        devices: play.counts().connected,
        seconds: Math.round((performance.now() - began) / 1000),
        lan: options.lan ? lanAddresses() : null,
        keys,
      }),
    )
    play.begin((line) => {
      say(promptOf(line))
      if (line.at === VISITORS_TURN && visitor !== null) say(visitorsLine(mqttPort, visitor.deviceId, visitor.token))
      if (line.at === RECKONING) void reckon(play)
    })
    return ended
  }

  try {
    // Whoever ends it need not wait for what is under way.
    return await Promise.race([perform(), ended])
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
    return 1
  } finally {
    say('正在结束…  Stopping…')
    for (const stop of stops.toReversed()) await stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A port may be taken between being found free and being used: outgoing connections take them at any moment. */
const TRIES = 3

async function openHub(
  { lan }: DemoOptions,
  password: string,
  directory: string,
  stops: (() => Promise<void>)[],
  giveUp: () => void,
): Promise<{ hub: HubChild; base: string; mqttPort: number }> {
  const host = lan ? '0.0.0.0' : '127.0.0.1'
  const wanted = [Number(process.env['ZHIAN_HTTP_PORT'] || 8080), Number(process.env['ZHIAN_MQTT_PORT'] || 1883)]
  for (let tried = 1; ; tried++) {
    const [httpPort = 0, mqttPort = 0] = await portsNear(wanted, host)
    const base = `http://127.0.0.1:${httpPort}`
    const hub = new HubChild({
      base,
      environment: {
        ZHIAN_HTTP_PORT: String(httpPort),
        ZHIAN_MQTT_PORT: String(mqttPort),
        ZHIAN_HOST: host,
        ZHIAN_MQTT_HOST: host,
        ZHIAN_DATA_DIR: directory,
        ZHIAN_ADMIN_PASSWORD: password,
        ZHIAN_LOG_LEVEL: 'error',
      },
      onRestarted: (pid) => say(restarted(pid)),
      onGivenUp: (words) => {
        complain(`平台无法再启动 the hub cannot be started again: ${words}`)
        giveUp()
      },
    })
    stops.push(() => hub.stop())
    try {
      await hub.start()
      return { hub, base, mqttPort }
    } catch (error) {
      if (tried === TRIES) throw error
    }
  }
}

async function reckon(play: Play): Promise<void> {
  try {
    say(accountOf(await play.counters(), play.counts()))
  } catch (error) {
    // The visitor may have killed the hub this very moment.
    complain(error instanceof Error ? error.message : String(error))
  }
}

/** q ends it, a digit makes a scene happen. Whether there is a keyboard. */
function listenToKeys(play: Play, quit: () => void): boolean {
  const { stdin } = process
  const isKeyboard = stdin.isTTY === true
  if (isKeyboard) stdin.setRawMode(true)
  stdin.on('data', (keys: Buffer) => {
    for (const key of keys.toString()) {
      // Ctrl+C is a key like any other in raw mode.
      if (key === 'q' || key === 'Q' || key === '\u0003') quit()
      const scene = SCENES[Number(key) - 1]
      if (scene === undefined) continue
      say(`▶ ${scene.label.zh}  ${scene.label.en}`)
      play.trigger(scene.name)
    }
  })
  return isKeyboard
}

const parsed = parseDemoOptions(process.argv.slice(2))
if (parsed.ok) {
  // Reading keys would keep the process alive.
  process.exit(await demo(parsed.options))
} else if (parsed.complaint === null) {
  process.stdout.write(DEMO_HELP)
} else {
  complain(parsed.complaint)
  complain('用法见 see: npm run demo -- --help')
  process.exit(2)
}
