// The demonstration as a whole: a hub of its own, the county at work against it, and what the pages ask about both. It can
// begin anew on the same addresses; nothing of a run stays behind.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DemoCue, DemoDoor, DemoReckoning, DemoStage } from '../../contract/http/demo.ts'
import type { Demo } from '../../dashboard/server/demo-port.ts'
import { ACCOUNTS, ADMIN } from '../../simulators/county/people.ts'
import { SCENES } from '../../simulators/county/scenes.ts'
import { lanAddresses, portsNear } from './addresses.ts'
import { codeOf } from './code.ts'
import { HubChild } from './hub-child.ts'
import type { DemoOptions } from './options.ts'
import { Play } from './play.ts'
import type { Visitor } from './play.ts'
import { accountOf, AGAIN, promptOf, reckoningOf, restarted, visitorsLine, welcome } from './words.ts'

/** Known to everybody who reads this: good on this machine, not in a network. */
const OPEN_PASSWORD = 'zhian-demo'
/** Seconds of the script at which the visitor gets a line to send, and the account of all messages. */
const VISITORS_TURN = 330
const RECKONING = 600
/** The hub may be dead at that very moment. */
const RECKON_AGAIN_MS = 2_000
/** A port may be taken between being found free and being used: outgoing connections take them at any moment. */
const TRIES = 3

export interface Outlets {
  readonly say: (line: string) => void
  readonly complain: (line: string) => void
  /** It cannot go on. */
  readonly giveUp: () => void
  /** Keys are listened to. */
  readonly keys: boolean
}

export class Demonstration implements Demo {
  readonly #options: DemoOptions
  readonly #outlets: Outlets
  readonly #password: string
  readonly #host: string
  /** Ports asked for; from the first run on those that it got. */
  #ports = [Number(process.env['ZHIAN_HTTP_PORT'] || 8080), Number(process.env['ZHIAN_MQTT_PORT'] || 1883)]
  #run = ''
  #ready = false
  #hub: HubChild | null = null
  #play: Play | null = null
  #visitor: Visitor | null = null
  #reckoning: DemoReckoning | null = null
  #stops: (() => Promise<void> | void)[] = []
  #over = false

  constructor(options: DemoOptions, outlets: Outlets) {
    this.#options = options
    this.#outlets = outlets
    this.#password = options.lan ? randomBytes(9).toString('base64url') : OPEN_PASSWORD
    this.#host = options.lan ? '0.0.0.0' : '127.0.0.1'
  }

  /** Resolves when the story has begun. */
  async start(): Promise<void> {
    const began = performance.now()
    this.#run = randomBytes(6).toString('base64url')
    const base = await this.#openHub()
    const [httpPort = 0, mqttPort = 0] = this.#ports
    const play = new Play({
      base,
      mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
      password: this.#password,
      small: this.#options.small,
      speed: this.#options.speed,
    })
    this.#play = play
    this.#stops.push(() => play.stop())
    this.#visitor = await play.register()
    this.#ready = true
    await play.deliverPast()
    if (this.#over) return
    this.#outlets.say(
      welcome({
        base,
        mqttPort,
        password: this.#password,
        pid: this.#hub?.pid ?? 0,
        devices: play.counts().connected,
        seconds: Math.round((performance.now() - began) / 1000),
        lan: this.#options.lan ? this.#lanUrls(httpPort) : null,
        keys: this.#outlets.keys,
      }),
    )
    play.begin((line) => {
      this.#outlets.say(promptOf(line))
      if (line.at === VISITORS_TURN && this.#visitor !== null) this.#outlets.say(visitorsLine(mqttPort, this.#visitor))
      if (line.at === RECKONING) void this.#reckon(play)
    })
  }

  door(onThisMachine: boolean): Promise<DemoDoor> {
    const accounts = [...ACCOUNTS, ADMIN].map(({ username, name, role, title, houses }) => ({
      username,
      name,
      role,
      title,
      houses: houses.length > 1 ? houses.length : null,
    }))
    const password = this.#options.lan && !onThisMachine ? null : this.#password
    return Promise.resolve({ run: this.#run, ready: this.#ready, accounts, password })
  }

  stage(): Promise<DemoStage> {
    const [httpPort = 0] = this.#ports
    return Promise.resolve({
      run: this.#run,
      pid: this.#hub?.pid ?? 0,
      second: this.#play?.second ?? null,
      speed: this.#options.speed,
      lines: (this.#play?.lines ?? []).map(({ at, hint }) => ({ at, hint })),
      visitorAt: VISITORS_TURN,
      reckoningAt: RECKONING,
      scenes: SCENES.map(({ name, label }) => ({ name, label })),
      visitor: this.#visitor,
      lan: this.#options.lan ? this.#lanUrls(httpPort).map((url) => ({ url, code: codeOf(url) })) : null,
      reckoning: this.#reckoning,
    })
  }

  cue(cue: DemoCue): Promise<void> {
    // Nothing can happen before the story has begun; and it begins anew once at a time.
    if (!this.#ready || this.#play?.second == null) return Promise.reject(new Error(`not now: ${cue}`))
    if (cue === 'again') {
      this.#ready = false
      this.#outlets.say(AGAIN)
      // Whoever asked hears that it was heard; then the hub that tells them is gone.
      void this.#again()
      return Promise.resolve()
    }
    const scene = SCENES.find(({ name }) => name === cue)
    if (scene === undefined) return Promise.reject(new Error(`no such scene: ${cue}`))
    this.#outlets.say(`▶ ${scene.label.zh}  ${scene.label.en}`)
    this.#play.trigger(scene.name)
    return Promise.resolve()
  }

  /** Throws everything away and begins anew. */
  async #again(): Promise<void> {
    try {
      await this.#clear()
      if (!this.#over) await this.start()
    } catch (error) {
      if (this.#over) return
      this.#outlets.complain(error instanceof Error ? error.message : String(error))
      this.#outlets.giveUp()
    }
  }

  /** Ends it, whatever is under way. */
  async stop(): Promise<void> {
    this.#over = true
    await this.#clear()
  }

  async #clear(): Promise<void> {
    this.#ready = false
    this.#reckoning = null
    const stops = this.#stops
    this.#stops = []
    for (const stop of stops.toReversed()) await stop()
    this.#play = null
    this.#visitor = null
  }

  async #openHub(): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), 'zhian-demo-'))
    this.#stops.push(() => rmSync(directory, { recursive: true, force: true }))
    for (let tried = 1; ; tried++) {
      this.#ports = await portsNear(this.#ports, this.#host)
      const [httpPort = 0, mqttPort = 0] = this.#ports
      const base = `http://127.0.0.1:${httpPort}`
      const hub = new HubChild({
        base,
        demo: this,
        environment: {
          ZHIAN_HTTP_PORT: String(httpPort),
          ZHIAN_MQTT_PORT: String(mqttPort),
          ZHIAN_HOST: this.#host,
          ZHIAN_MQTT_HOST: this.#host,
          ZHIAN_DATA_DIR: directory,
          ZHIAN_ADMIN_PASSWORD: this.#password,
          ZHIAN_LOG_LEVEL: 'error',
        },
        onRestarted: (pid) => this.#outlets.say(restarted(pid)),
        onGivenUp: (words) => {
          this.#outlets.complain(`平台无法再启动 the hub cannot be started again: ${words}`)
          this.#outlets.giveUp()
        },
      })
      this.#hub = hub
      this.#stops.push(() => hub.stop())
      try {
        await hub.start()
        return base
      } catch (error) {
        if (tried === TRIES || this.#over) throw error
      }
    }
  }

  async #reckon(play: Play): Promise<void> {
    while (!this.#over && this.#play === play && this.#reckoning === null) {
      try {
        const reckoning = await play.reckon()
        if (this.#play !== play) return
        this.#reckoning = reckoning
        this.#outlets.say(reckoningOf(reckoning))
        this.#outlets.say(accountOf(play.counts()))
      } catch {
        // The visitor may have killed the hub this very moment.
        await new Promise((resolve) => setTimeout(resolve, RECKON_AGAIN_MS))
      }
    }
  }

  /** What a phone opens; the password stands behind the `#`, which no browser sends anywhere. */
  #lanUrls(httpPort: number): string[] {
    return lanAddresses().map((address) => `http://${address}:${httpPort}/#${this.#password}`)
  }
}
