// The open policy: any client id, any topic, no store. For public conformance suites on loopback, never for devices.
import { randomUUID } from 'node:crypto'
import type { Backbone, Policy, Route } from './policy.ts'

/** `$SYS` is the control plane of the broker core: publishing there could kick other clients. */
const isControlPlane = (topic: string): boolean => topic === '$SYS' || topic.startsWith('$SYS/')

export function createOpenPolicy(backbone: Backbone, denySubscribe: string | null = null): Policy {
  const route: Route = {
    meter: null,
    mayRetain: true,
    lasting: true,
    accept: (publication, done) => backbone.publish(publication, done),
  }
  return {
    admit: ({ clientId }) =>
      Promise.resolve({ ok: true, identity: { clientId: clientId === '' ? randomUUID() : clientId, deviceId: null } }),
    route: (_identity, topic) => (isControlPlane(topic) ? 'publish_denied' : route),
    refuseSubscription: (_identity, filter) =>
      filter === denySubscribe || filter.startsWith('$share/') || isControlPlane(filter) ? 'subscribe_denied' : null,
    mayReceive: (_identity, topic) => !isControlPlane(topic),
  }
}
