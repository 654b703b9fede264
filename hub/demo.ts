// `npm run demo`: a hub of its own with a simulated county at work, until somebody presses q. Nothing of it stays behind.
import { SCENES } from '../simulators/county/scenes.ts'
import { Demonstration } from './demo/demonstration.ts'
import { DEMO_HELP, parseDemoOptions } from './demo/options.ts'
import { PREPARING } from './demo/words.ts'
import { buildPagesIfStale } from './pages.ts'
import type { DemoOptions } from './demo/options.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const complain = (line: string): void => void process.stderr.write(`${line}\n`)

async function demo(options: DemoOptions): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0))
  say(PREPARING)
  buildPagesIfStale()
  const keys = process.stdin.isTTY === true
  const demonstration = new Demonstration(options, { say, complain, giveUp: () => end(1), keys })
  listenToKeys(demonstration, () => end(0))
  try {
    // Whoever ends it need not wait for what is under way.
    return await Promise.race([demonstration.start().then(() => ended), ended])
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
    return 1
  } finally {
    say('正在结束…  Stopping…')
    await demonstration.stop()
  }
}

/** q ends it, r begins it anew, a digit makes a scene happen. */
function listenToKeys(demonstration: Demonstration, quit: () => void): void {
  const { stdin } = process
  if (stdin.isTTY === true) stdin.setRawMode(true)
  stdin.on('data', (keys: Buffer) => {
    for (const key of keys.toString().toLowerCase()) {
      // Ctrl+C is a key like any other in raw mode.
      if (key === 'q' || key === '\u0003') quit()
      const cue = key === 'r' ? 'again' : SCENES[Number(key) - 1]?.name
      // Before the story has begun there is nothing to happen in.
      if (cue !== undefined) demonstration.cue(cue).catch(() => {})
    }
  })
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
