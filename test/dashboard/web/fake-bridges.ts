// External brokers of every sort that the devices page must show: one that is well, one that is away, one that is half there.
import type { Bridge } from '../../../contract/http/bridges.ts'

export function bridgesAt(now: number): Bridge[] {
  const well: Bridge = {
    name: 'gas-company',
    url: 'mqtts://emqx.gas-company.example.cn:8883',
    state: 'connected',
    since: now - 3 * 86_400_000,
    connections: { open: 1, of: 1 },
    problem: null,
    received: 182_340,
    taken: 182_311,
    refused: { unregistered_device: 17, foreign_device: 12 },
    waiting: 0,
    failed: 0,
    lastMessageAt: now - 2_000,
    sessionsLost: 0,
    unordered: false,
  }
  return [
    well,
    {
      ...well,
      name: 'smoke-detectors-of-the-old-town',
      state: 'away',
      since: now - 400_000,
      connections: { open: 0, of: 1 },
      problem: { reason: 'login_refused', detail: 'Connection refused: Not authorized' },
      received: 0,
      taken: 0,
      refused: {},
      lastMessageAt: null,
    },
    {
      ...well,
      name: 'power-grid',
      state: 'partly',
      since: now - 60_000,
      connections: { open: 3, of: 4 },
      problem: { reason: 'timeout', detail: 'Keepalive timeout' },
      sessionsLost: 2,
      unordered: true,
    },
  ]
}
