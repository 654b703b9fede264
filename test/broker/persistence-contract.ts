// The abstract suite of the broker core's persistence, run by node:test (sessions.test.ts starts it).
import { test } from 'node:test'
import { createRequire } from 'node:module'
import { BoundedPersistence } from '../../broker/persistence.ts'

type Suite = (options: { test: typeof test; testAsync: boolean; persistence: () => BoundedPersistence }) => void

const suite = createRequire(import.meta.url)('aedes-persistence/abstract.js') as Suite

suite({
  test,
  testAsync: true,
  persistence: () =>
    new BoundedPersistence({ sessionMessages: 10_000, retainedMessages: 10_000, retainedBytes: 65_536 }),
})
