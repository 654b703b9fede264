// `GET /api/openapi.json`: OpenAPI 3.1 from the schemas that the routes validate with.
import fastifySwagger from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { anyone } from './access.ts'
import type { App } from './app.ts'
import { SHAPES } from './shapes.ts'

export async function describeApi(app: App, version: string): Promise<void> {
  const conversion = { schemaRegistry: SHAPES, zodToJsonConfig: { target: 'draft-2020-12' } } as const
  const transform = createJsonSchemaTransform(conversion)
  const withShapes = createJsonSchemaTransformObject(conversion)
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
    transformObject: (document) => {
      const described = withShapes(document)
      if ('components' in described) keepReferred(described.paths, described.components?.schemas ?? {})
      return described
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

/** Keeps of the named shapes those that the paths refer to, and those that these refer to. */
function keepReferred(paths: unknown, schemas: Record<string, unknown>): void {
  const kept = new Set<string>()
  const look = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (kept.has(name)) continue
      kept.add(name)
      look(schemas[name])
    }
  }
  look(paths)
  for (const name of Object.keys(schemas)) if (!kept.has(name)) delete schemas[name]
}
