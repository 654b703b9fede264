// `GET /api/openapi.json`: OpenAPI 3.1 from the schemas that the routes validate with.
import fastifySwagger from '@fastify/swagger'
import { createJsonSchemaTransform } from 'fastify-type-provider-zod'
import { anyone } from './access.ts'
import type { App } from './app.ts'

export async function describeApi(app: App, version: string): Promise<void> {
  const transform = createJsonSchemaTransform({ zodToJsonConfig: { target: 'draft-2020-12' } })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: '智安 Zhi’an',
        version,
        description: '县域实时安全中枢的 HTTP 接口。 The HTTP API of a county’s real-time safety hub.',
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'zhian', description: '`__Host-zhian` under HTTPS' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: (route) => {
      const described = transform(route)
      const access = route.route.config?.access
      if (access === undefined || route.schema?.hide === true) return described
      return {
        ...described,
        schema: {
          ...described.schema,
          security: access.to === 'anyone' ? [] : [{ session: [] }, { bearer: [] }],
          ...(access.to === 'role' ? { description: `Permission \`${access.may}\`, scope \`${access.scope}\`.` } : {}),
        },
      }
    },
  })
  app.get(
    '/api/openapi.json',
    { config: { access: anyone('describes the API, holds no data') }, schema: { hide: true } },
    () => app.swagger(),
  )
}
