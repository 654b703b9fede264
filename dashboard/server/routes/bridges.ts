// External brokers that the hub reads: whether they are there, and what came of them.
import { bridgesSchema } from '../../../contract/http/bridges.ts'
import { API_ROOT } from '../../../contract/http/common.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { errors } from './answers.ts'

export function bridgeRoutes(app: App, { ports }: Pick<Context, 'ports'>): void {
  app.get(
    `${API_ROOT}/bridges`,
    {
      // A bridge stands in no place: who puts a device up behind one must know whether it works.
      config: { access: role('bridges:read', 'placeless') },
      schema: {
        summary: '外部平台接入的状态。 The state of the bridges to external brokers.',
        response: { 200: bridgesSchema, ...errors },
        tags: ['operation'],
      },
    },
    async () => ({ items: [...(await ports.bridges.read())] }),
  )
}
