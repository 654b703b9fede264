// The small county behind the pages of the hub in both of its forms: tests that look at pages through a browser, and at the
// ledger from behind, run against each.
import { describe } from 'vitest'
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
    async close() {
      await county.stop()
      await pages.remove()
    },
  }
}

/** Two dashboards behind the balancer: a page and its requests meet now the one, now the other. */
async function openCluster(): Promise<OpenCounty> {
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
  suite: (openCounty: () => Promise<OpenCounty>) => void,
): void {
  for (const form of FORMS)
    describe.skipIf(!mayRun || form.missing)(`${name}, the hub ${form.name}`, () => suite(form.open))
}
