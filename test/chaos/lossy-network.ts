// A stage of its own in a network of its own, where the kernel drops packets between the devices and the hub.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from '../bench/row.ts'
import { NotPossible, requireProgram, requireRoot } from './row.ts'

/** Figures for 5, 15 and 30 % loss, so many seconds each. */
export async function lossyNetwork(seconds: number): Promise<BenchRow[]> {
  requireRoot('a network of its own')
  requireProgram('iptables', 'iptables')
  requireProgram('ip', 'iproute2')
  const child = spawn(
    'unshare',
    ['--net', process.execPath, fileURLToPath(new URL('./lossy-process.ts', import.meta.url)), String(seconds)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    },
  )
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (/unshare failed|Operation not permitted|iptables/.test(stderr)) throw new NotPossible(stderr.trim())
  if (code !== 0) throw new Error(stderr.trim())
  return JSON.parse(stdout) as BenchRow[]
}
