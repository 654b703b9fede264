// The tables of docs/operations/sizing.md, from the figures of the bench:
//
//   npm run bench:cluster -- --json docs/operations/cluster-figures.json
//   node test/bench/cluster/sizing-page.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_LIMITS } from '../../../broker/limits.ts'
import { readFigures } from './figures.ts'
import type { ClusterFigures } from './figures.ts'
import { ASSUMPTIONS, cpuOf, ROLES, SERVERS, sizeFor } from './sizing.ts'
import type { Beyond, ClusterSizing, Part, Sizing } from './sizing.ts'

const OPERATIONS = join(import.meta.dirname, '..', '..', '..', 'docs', 'operations')
export const FIGURES_PATH = join(OPERATIONS, 'cluster-figures.json')
export const PAGE_PATH = join(OPERATIONS, 'sizing.md')

const BEGIN = '<!-- computed: node test/bench/cluster/sizing-page.ts -->'
const END = '<!-- end of what is computed -->'

const FLEETS = [100_000, 1_000_000, 10_000_000].map((devices) => ({ devices, messagesPerMinute: 1 }))

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: 0 })
const gib = (bytes: number): string => `${number(bytes / 2 ** 30, bytes < 2 ** 34 ? 1 : 0)} GiB`
const tb = (bytes: number): string => `${number(bytes / 1e12, 2)} TB`
const percent = (share: number): string => `${number(share * 100)} %`
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(...head), row(...head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map((cells) => row(...cells))].join(
    '\n',
  )

const BEYOND: Readonly<Record<Beyond, string>> = {
  redis: 'Redis（只用一个核 one core）',
  workers: '64 个分区 64 partitions',
  postgres: 'PostgreSQL',
}

/** Everything between the marks. */
export function sizingTables(figures: ClusterFigures): string {
  const sizings = FLEETS.map((fleet) => sizeFor(figures, fleet))
  return [
    '### 实测 Measured',
    figures.machine.map((line) => `- ${line}`).join('\n'),
    measured(figures),
    '### 取值 Assumed',
    assumed(),
    '### 结果 Computed',
    computed(sizings),
    '### 算给你看 One column, step by step',
    steps(figures, (sizings[1] as Sizing).each),
  ].join('\n\n')
}

function measured(figures: ClusterFigures): string {
  const cpu = cpuOf(figures)
  const { connections, resident, bytesPerDevice, bytes } = figures
  return table(
    ['', ''],
    [
      ...Object.entries(cpu).map(([part, seconds]) => [
        `CPU 秒 / 百万条 CPU s a million messages: ${part}`,
        number(seconds, 1),
      ]),
      ...Object.entries(resident).map(([role, size]) => [`空闲内存 idle memory: ${role}`, `${number(size / 1e6)} MB`]),
      ...Object.entries(bytesPerDevice).map(([role, size]) => [
        `每台设备内存 memory a registered device: ${role}`,
        `${number(size / 1024, 2)} KiB`,
      ]),
      ['每连接内存 memory a connection: broker', `${number(connections.bytesPerConnection / 1024, 1)} KiB`],
      ['Redis 每条 a message in Redis', `${number(bytes.redisPerMessage)} B`],
      ['时序库每条 a message in the store', `${number(bytes.storePerMessage, 1)} B`],
    ],
  )
}

function assumed(): string {
  const of = ASSUMPTIONS
  return table(
    ['', ''],
    [
      ['峰值对平均 the busiest seconds over the average', `×${number(of.peak)}`],
      ['峰值时核的忙碌 how busy a core may then be', percent(of.busy)],
      ['平日批小、每条更贵 a message costs more when fewer go at once', `×${number(of.smallBatches)}`],
      ['每种角色的备用进程 spare processes of each role', number(of.spare)],
      ['时序库可离开多久 how long the store may be away', `${number(of.storeAwayS)} s`],
      ['每个 broker 的连接 connections a broker', `${percent(of.fullBroker)} × ${number(DEFAULT_LIMITS.connections)}`],
      ['一台 HAProxy 的连接 connections of one HAProxy', number(of.connectionsPerProxy)],
      ['Redis 重写文件时的内存 memory of Redis while it rewrites its file', `×${number(of.redisFork)}`],
      ['原始读数保留 raw readings are kept', `${number(of.rawDays)} d`],
      ['磁盘最满 a disk is full to', percent(of.fullDisk)],
      ['一台机器 one machine', `${number(of.machineCores)} cores, ${gib(of.machineMemory)}`],
    ],
  )
}

function computed(sizings: readonly Sizing[]): string {
  const line = (name: string, of: (each: ClusterSizing) => string): string[] => [
    name,
    ...sizings.map(({ each }) => of(each)),
  ]
  return table(
    ['设备 devices', ...sizings.map(({ fleet }) => number(fleet.devices))],
    [
      ['分成几套 clusters', ...sizings.map(({ clusters }) => number(clusters))],
      ['因为 because of', ...sizings.map(({ divided }) => divided.map((what) => BEYOND[what]).join('; ') || '—')],
      line('每套每秒消息（峰值）messages/s of each (peak)', ({ perSecond, peakPerSecond }) => {
        return `${number(perSecond)} (${number(peakPerSecond)})`
      }),
      ...ROLES.map((role) =>
        line(`${role}：进程 processes`, ({ parts }) => {
          const { processes, memory } = parts[role]
          return `${number(processes)}${memory === null ? '' : ` × ${gib(memory)}`}`
        }),
      ),
      ...SERVERS.map((server) => line(`${server}：核 cores`, ({ parts }) => number(parts[server].cores, 1))),
      line('Redis maxmemory', ({ redisMemory }) => gib(redisMemory)),
      line('时序库磁盘 disk of the store', ({ storeDisk }) => tb(storeDisk)),
      line('每套的核 cores of each', ({ cores }) => number(cores)),
      line('每套的内存 memory of each', ({ memory }) => gib(memory)),
      ['**机器合计 machines in all**', ...sizings.map(({ machines }) => `**${number(machines)}**`)],
    ],
  )
}

function steps(
  figures: ClusterFigures,
  { fleet, perSecond, peakPerSecond, parts, redisMemory, storeDisk }: ClusterSizing,
): string {
  const of = ASSUMPTIONS
  const cpu = cpuOf(figures)
  const { bytes, resident, bytesPerDevice, connections } = figures
  const cores = (part: Part): string =>
    `${part}: ${number(peakPerSecond)} × ${number(cpu[part], 1)} ÷ 1,000,000 × ${of.smallBatches} ÷ ${of.busy} = ${number(parts[part].cores, 2)}`
  return [
    '```text',
    `messages/s      ${number(fleet.devices)} ÷ 60 = ${number(perSecond)};  × ${of.peak} = ${number(peakPerSecond)}`,
    ...[...ROLES, ...SERVERS].map((part) => `cores           ${cores(part)}`),
    `brokers         max(⌈${number(parts.broker.cores, 2)}⌉, ⌈${number(fleet.devices)} ÷ (${number(DEFAULT_LIMITS.connections)} × ${of.fullBroker})⌉) + ${of.spare} = ${number(parts.broker.processes)}`,
    `broker          ${number(resident.broker / 1e6)} MB + ${number(fleet.devices)} × ${number(bytesPerDevice.broker / 1024, 2)} KiB + ${number(fleet.devices)} ÷ ${number(parts.broker.processes - of.spare)} × ${number(connections.bytesPerConnection / 1024, 1)} KiB = ${gib(parts.broker.memory ?? 0)}`,
    `Redis           ${number(peakPerSecond)} × ${of.storeAwayS} s × ${number(bytes.redisPerMessage)} B ÷ 0.65 = ${gib(redisMemory)}`,
    `store           ${number(perSecond)} × 86,400 × ${of.rawDays} × ${number(bytes.storePerMessage, 1)} B ÷ ${of.fullDisk} = ${tb(storeDisk)}`,
    '```',
  ].join('\n')
}

/** The page with its tables made anew. */
export function withTables(page: string, tables: string): string {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error('the page has lost its marks')
  return `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`
}

if (import.meta.main)
  writeFileSync(PAGE_PATH, withTables(readFileSync(PAGE_PATH, 'utf8'), sizingTables(readFigures(FIGURES_PATH))))
