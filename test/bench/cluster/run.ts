// `npm run bench:cluster`: what the scaled-out form gets through and what it costs whom, in several shapes on this one machine.
// Two cores run the servers and the load generator: rates say little by themselves, CPU a message and the ratios do.
// `-- --json FILE` keeps the figures for the page of sizes; `-- --quick` tries out the bench itself.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { CLUSTER_MISSING } from '../../support/cluster.ts'
import { describeMachine } from '../machine.ts'
import { median } from '../percentile.ts'
import { figure } from '../row.ts'
import { formatRows } from '../table.ts'
import { writeFigures } from './figures.ts'
import type { ClusterFigures, CpuByPart, Shape } from './figures.ts'
import { benchIdle } from './idle.ts'
import { benchShape } from './shape.ts'
import type { ShapeReport } from './shape.ts'

const SHAPES = [
  { brokers: 1, workers: 1 },
  { brokers: 1, workers: 2 },
  { brokers: 1, workers: 4 },
  { brokers: 2, workers: 1 },
  { brokers: 2, workers: 2 },
  { brokers: 2, workers: 4 },
]
const QUICK_SHAPES = [{ brokers: 1, workers: 2 }]
const SECONDS = { quick: 2, usual: 10 }
const CONNECTIONS = { quick: 500, usual: 5_000 }
const DEVICES = { quick: 2_000, usual: 50_000 }

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const size = options.quick ? 'quick' : 'usual'
const print = (text: string): void => void process.stdout.write(`${text}\n`)

if (CLUSTER_MISSING) {
  print('not measured: apt-get install redis-server postgresql victoria-metrics haproxy; one of them is missing')
  process.exit(1)
}
const machine = describeMachine()
print(['Zhi’an 智安 bench, cluster', '', ...machine, ''].join('\n'))

const reports: ShapeReport[] = []
for (const shape of options.quick ? QUICK_SHAPES : SHAPES) {
  const report = await benchShape({ ...shape, seconds: SECONDS[size] })
  reports.push(report)
  print(formatShape(report))
}
const idle = await benchIdle({ connections: CONNECTIONS[size], devices: DEVICES[size] })
const { connections, resident, bytesPerDevice } = idle
print(
  formatRows('Idle', [
    ...Object.entries(resident).map(([role, bytes]) => figure(`resident memory, ${role}`, bytes / 1e6, 'MB')),
    ...Object.entries(bytesPerDevice).map(([role, bytes]) =>
      figure(`resident memory a registered device, ${role}`, bytes / 1_024, 'KiB'),
    ),
    figure('connections open at one broker', connections.open, ''),
    figure('resident memory an idle connection', connections.bytesPerConnection / 1_024, 'KiB'),
  ]),
)
print(formatComparison(reports.map(({ shape }) => shape)))

const middle = (of: (report: ShapeReport) => number): number => median(reports.map(of))
const figures: ClusterFigures = {
  machine,
  cores: availableParallelism(),
  redisAlone: { perSecond: middle(({ alone }) => alone.perSecond), cpu: middle(({ alone }) => alone.cpu) },
  shapes: reports.map(({ shape }) => shape),
  ...idle,
  bytes: {
    redisPerMessage: middle(({ alone }) => alone.bytesPerEntry),
    storePerMessage: middle(({ storeBytesPerMessage }) => storeBytesPerMessage),
  },
}
if (options.json !== undefined) writeFigures(options.json, figures)

function formatShape({ shape, alone, storeBytesPerMessage }: ShapeReport): string {
  return formatRows(`${shape.brokers} × broker, ${shape.workers} × ingest, 1 × dashboard`, [
    figure('Redis alone, the same entries', alone.perSecond, '/s'),
    figure('messages', shape.messages, ''),
    figure('acknowledged, full windows', shape.acknowledgedPerSecond, 'msg/s'),
    figure('decided and stored as well', shape.throughPerSecond, 'msg/s'),
    figure('as a share of Redis alone', shape.shareOfRedis, ''),
    ...Object.entries(shape.cpu).map(([part, seconds]) => figure(`CPU of a million messages, ${part}`, seconds, 's')),
    figure('CPU of a million messages, all of it', totalCpu(shape.cpu), 's'),
    figure('memory of a message in Redis', alone.bytesPerEntry, 'B'),
    figure('disk of a message in the store', storeBytesPerMessage, 'B'),
  ])
}

/** Each shape beside the smallest, whose rate is 1. */
function formatComparison(shapes: readonly Shape[]): string {
  const [smallest] = shapes
  if (smallest === undefined) return ''
  return formatRows(
    'Beside one broker and one worker',
    shapes.flatMap((shape) => {
      const name = `${shape.brokers} × broker, ${shape.workers} × ingest`
      return [
        figure(`${name}: decided and stored`, shape.throughPerSecond / smallest.throughPerSecond, '×'),
        figure(`${name}: CPU a message`, totalCpu(shape.cpu) / totalCpu(smallest.cpu), '×'),
      ]
    }),
  )
}

function totalCpu(cpu: CpuByPart): number {
  return Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0)
}
