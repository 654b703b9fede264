// What the dashboard counts about itself, for /metrics. Names follow Prometheus: base units, `_total` for counters.
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

export interface DashboardMetrics {
  /** Hub receipt → painted in a browser, as the browser's report says; live transitions only. */
  readonly shown: Histogram<'priority'>
  /** Commit heard → handed to the last socket. */
  readonly fanout: Histogram
  readonly sockets: Gauge
  readonly desks: Gauge
  readonly told: Gauge
  readonly resumes: Counter<'mode'>
  readonly disconnects: Counter<'reason'>
  readonly refusedHandshakes: Counter<'reason'>
  readonly healed: Counter
  readonly signIns: Counter<'outcome'>
  readonly requests: Histogram<'method' | 'route' | 'status'>
}

export function dashboardMetrics(registry: Registry): DashboardMetrics {
  const registers = [registry]
  return {
    shown: new Histogram({
      name: 'zhian_alarm_shown_seconds',
      help: 'From receipt of the message that caused a transition to its being painted on a screen',
      labelNames: ['priority'],
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15],
      registers,
    }),
    fanout: new Histogram({
      name: 'zhian_feed_fanout_seconds',
      help: 'Time to hand one committed batch to every socket',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
      registers,
    }),
    sockets: new Gauge({ name: 'zhian_feed_sockets', help: 'Authenticated feed sockets', registers }),
    desks: new Gauge({ name: 'zhian_feed_armed_desks', help: 'Desks whose horn was heard and is armed', registers }),
    told: new Gauge({ name: 'zhian_feed_told_seq', help: 'Newest transition handed to the screens', registers }),
    resumes: new Counter({
      name: 'zhian_feed_resumes_total',
      help: 'Resumes by mode',
      labelNames: ['mode'],
      registers,
    }),
    disconnects: new Counter({
      name: 'zhian_feed_disconnects_total',
      help: 'Feed sockets closed by the hub, by reason',
      labelNames: ['reason'],
      registers,
    }),
    refusedHandshakes: new Counter({
      name: 'zhian_feed_refused_handshakes_total',
      help: 'Feed connections refused, by reason',
      labelNames: ['reason'],
      registers,
    }),
    healed: new Counter({
      name: 'zhian_feed_healed_transitions_total',
      help: 'Transitions read from the ledger because their notice did not come in order',
      registers,
    }),
    signIns: new Counter({
      name: 'zhian_sign_ins_total',
      help: 'Sign-in attempts by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    requests: new Histogram({
      name: 'zhian_http_request_seconds',
      help: 'HTTP requests by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
  }
}
