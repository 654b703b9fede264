// The hub's policy: a device logs in with its token, publishes below its own prefix into the intake, and hears its commands.
import { deviceIdSchema } from '../contract/ids.ts'
import type { UpTopic } from '../contract/topics.ts'
import { decideForward, decidePublish, decideSubscribe, mayRetain } from './acl.ts'
import { sessionId } from './client-ids.ts'
import type { Admission, Backbone, Claim, Identity, Policy, Publication, Route } from './policy.ts'
import type { Credentials, Intake } from './ports.ts'
import type { RefusalReason } from './refusals.ts'

/** A status is a few words; a larger one still reaches the intake but is not kept as the retained one. */
const RETAINED_STATUS_BYTES = 1_024

const refused = (reason: RefusalReason, deviceId: string | null): Admission => ({ ok: false, reason, deviceId })

export function createDevicePolicy(intake: Intake, credentials: Credentials, backbone: Backbone): Policy {
  const isChildOf = (gatewayId: string, deviceId: string): boolean => credentials.isChildOf(gatewayId, deviceId)
  return {
    async admit({ clientId, username, password }: Claim): Promise<Admission> {
      if (username === null || password === null) return refused('no_credentials', null)
      if (!deviceIdSchema.safeParse(username).success) return refused('bad_identity', null)
      const verdict = await credentials.login(username, password)
      if (!verdict.ok) return refused(verdict.reason, username)
      return { ok: true, identity: { clientId: sessionId(username, clientId), deviceId: username } }
    },
    route({ deviceId }: Identity, topic: string): Route | RefusalReason {
      if (deviceId === null) return 'publish_denied'
      const parts = decidePublish(deviceId, topic, isChildOf)
      return typeof parts === 'string' ? parts : new UpRoute(intake, backbone, deviceId, parts)
    },
    refuseSubscription: ({ deviceId }, filter) =>
      deviceId === null ? 'subscribe_denied' : decideSubscribe(deviceId, filter, isChildOf),
    mayReceive: ({ deviceId }, topic) => deviceId !== null && decideForward(deviceId, topic, isChildOf),
  }
}

/** From one publisher's topic into the intake. */
class UpRoute implements Route {
  readonly meter: string
  readonly mayRetain: boolean
  readonly lasting: boolean
  readonly #intake: Intake
  readonly #backbone: Backbone
  readonly #publisherId: string
  readonly #parts: UpTopic

  constructor(intake: Intake, backbone: Backbone, publisherId: string, parts: UpTopic) {
    this.#intake = intake
    this.#backbone = backbone
    this.#publisherId = publisherId
    this.#parts = parts
    this.meter = parts.deviceId
    this.mayRetain = mayRetain(parts)
    // A child can be moved to another gateway while the connection lives.
    this.lasting = parts.gatewayId === null
  }

  accept(publication: Publication, done: (error?: Error) => void): void {
    const { payload, qos, receivedAt, will } = publication
    const message = {
      publisherId: this.#publisherId,
      deviceId: this.#parts.deviceId,
      channel: this.#parts.channel,
      payload,
      qos,
      receivedAt,
      will,
    }
    const retains = publication.retain && this.mayRetain && payload.length <= RETAINED_STATUS_BYTES
    this.#intake.accept(message, retains ? this.#thenRetain(publication, done) : done)
  }

  #thenRetain(publication: Publication, done: (error?: Error) => void): (error?: Error) => void {
    return (error) => {
      if (!error) this.#backbone.retain(publication)
      done(error)
    }
  }
}
