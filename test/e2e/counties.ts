// The small county behind the pages of the hub in both of its forms: tests that look at pages through a browser, and at the
// ledger from behind, run against each.
import { connectAsync } from 'mqtt'
import { describe } from 'vitest'
import { buildPagesIfStale } from '../../hub/pages.ts'
import { DEFAULT_RULES } from '../../hub/rules.ts'
import { hashToken } from '../../broker/tokens.ts'
import type { ClusterLedger } from '../../records/ledger/cluster.ts'
import { createPostgresLedger } from '../../records/postgres-ledger.ts'
import { PASSWORD, SmallCounty } from '../dashboard/server/small-county.ts'
import { World } from '../dashboard/server/world.ts'
import { buildPages } from '../support/browser.ts'
import { CLUSTER_MISSING, startCluster } from '../support/cluster.ts'
import type { Cluster } from '../support/cluster.ts'

/** A county that people look at. */
export interface OpenCounty {
  readonly county: SmallCounty
  /** Everything that the processes before it logged. */
  log(): string
  /** The newest residual current of DEV-A, mA. */
  measure(residualCurrent: number): Promise<void>
  /** Each dashboard in turn: `without` runs while that one is dead. null: there is none to spare. */
  readonly eachDashboardDead: ((without: () => Promise<void>) => Promise<void>) | null
  /** Ends it and removes its data. */
  close(): Promise<void>
}

/** The ledger of a cluster, entered from outside as one more process would. */
class ClusterCounty extends SmallCounty {
  readonly ledger: ClusterLedger
  readonly base: string

  constructor(cluster: Cluster) {
    super()
    this.base = cluster.base
    this.ledger = createPostgresLedger({
      url: cluster.databaseUrl,
      personalKeyFile: cluster.personalKeyFile,
      defaultRules: DEFAULT_RULES,
      hashDeviceToken: (token, key) => hashToken(key, token).toString('hex'),
    })
  }

  /** The cluster made its own at the first start. */
  protected override async addAdministrator(): Promise<void> {
    const admin = await this.ledger.users.byUsername('admin')
    if (admin === null) throw new Error('the cluster has made no administrator')
    this.users['admin'] = admin.id
  }
}

async function openWorld(): Promise<OpenCounty> {
  const pages = await buildPages()
  const county = await World.start({ webRoot: pages.webRoot })
  return {
    county,
    log: () => JSON.stringify(county.log),
    async measure(residualCurrent) {
      county.residualCurrent = residualCurrent
    },
    eachDashboardDead: null,
    async close() {
      await county.stop()
      await pages.remove()
    },
  }
}

/** Two dashboards behind the balancer: a page and its requests meet now the one, now the other. */
async function openCluster(): Promise<OpenCounty> {
  buildPagesIfStale()
  const environment = { ZHIAN_ADMIN_PASSWORD: PASSWORD }
  const cluster = await startCluster({ brokers: 1, workers: 2, dashboards: 2, environment })
  const county = new ClusterCounty(cluster)
  try {
    await county.ledger.start()
    await county.settle()
  } catch (error) {
    await cluster.dispose()
    throw error
  }
  return {
    county,
    log: () => cluster.output(),
    async measure(residualCurrent) {
      const sender = { username: 'DEV-A', password: county.tokenA, reconnectPeriod: 0 }
      const client = await connectAsync(`mqtt://127.0.0.1:${cluster.mqttPort}`, sender)
      const message = { values: { residual_current: residualCurrent } }
      await client.publishAsync('zhian/v1/DEV-A/readings', JSON.stringify(message), { qos: 1 })
      await client.endAsync()
    },
    async eachDashboardDead(without) {
      for (const one of cluster.dashboards) {
        await one.kill()
        await without()
        await one.restart()
        await cluster.balanced()
      }
    },
    async close() {
      await county.ledger.stop()
      await cluster.dispose()
    },
  }
}

const FORMS = [
  { name: 'in one process', missing: false, open: openWorld },
  { name: 'scaled out', missing: CLUSTER_MISSING, open: openCluster },
] as const

/** A suite for each form; it opens its county with what it is given. */
export function describeCounties(
  name: string,
  mayRun: boolean,
  suite: (openCounty: () => Promise<OpenCounty>, isScaledOut: boolean) => void,
): void {
  for (const { name: form, missing, open } of FORMS)
    describe.skipIf(!mayRun || missing)(`${name}, the hub ${form}`, () => suite(open, open === openCluster))
}
