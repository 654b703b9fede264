// npm run broker:open -- --port N [--deny-subscribe FILTER]
//
// The broker layer alone on loopback, open to every client id and topic and without a store: for public MQTT 3.1.1 conformance
// suites. Guard and limits are those of the hub, except the rate of a device, which nobody is here.
import { parseArgs } from 'node:util'
import { createPolicyBroker } from '../broker/broker.ts'
import { createOpenPolicy } from '../broker/open-policy.ts'

const USAGE = 'usage: npm run broker:open -- --port N [--deny-subscribe FILTER]\n'

function readArguments(): { port: number; denySubscribe: string | null } | null {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, 'deny-subscribe': { type: 'string' } } })
    const port = Number(values.port)
    if (values.port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return null
    return { port, denySubscribe: values['deny-subscribe'] ?? null }
  } catch {
    return null
  }
}

async function main(): Promise<void> {
  const options = readArguments()
  if (options === null) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const broker = createPolicyBroker({
    host: '127.0.0.1',
    port: options.port,
    policy: (backbone) => createOpenPolicy(backbone, options.denySubscribe),
    onError: (error) => process.stderr.write(`${String(error)}\n`),
  })
  try {
    const { port } = await broker.start()
    process.stdout.write(`open MQTT broker on 127.0.0.1:${port}\n`)
  } catch (error) {
    process.stderr.write(`127.0.0.1:${options.port}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
    return
  }
  const stop = (): void => void broker.stop().then(() => process.exit(0))
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

await main()
