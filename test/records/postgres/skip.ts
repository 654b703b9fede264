// Where PostgreSQL is not installed, its tests say so. With ZHIAN_REQUIRE_SERVICES=1 they fail instead, at its start.
import { beforeEach, inject } from 'vitest'

beforeEach((context) => {
  if (inject('postgres') === null) context.skip('PostgreSQL is not installed')
})
