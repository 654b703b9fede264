// Sites.
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { createSiteSchema, siteListQuerySchema, siteSchema, updateSiteSchema } from '../../../contract/http/sites.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { siteFor } from '../contacts.ts'
import { NOTHING, errors, idParams } from './answers.ts'

export function siteRoutes(app: App, { ports, live }: Context): void {
  const { places } = ports.records
  const tags = ['places']

  app.get(
    `${API_ROOT}/sites`,
    {
      config: { access: role('sites:read', 'filtered') },
      schema: {
        summary: '按条件列出场所。 Lists sites that meet the conditions.',
        querystring: siteListQuerySchema,
        response: { 200: pageOf(siteSchema), ...errors },
        tags,
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const page = await places.sites(principal.scope, request.query)
      return { ...page, items: page.items.map((site) => siteFor(principal, site)) }
    },
  )

  app.get(
    `${API_ROOT}/sites/:id`,
    {
      config: { access: role('sites:read', 'site') },
      schema: { summary: '一个场所。 One site.', params: idParams, response: { 200: siteSchema, ...errors }, tags },
    },
    (request) => siteFor(principalOf(request), subjectOf(request, 'site')),
  )

  app.post(
    `${API_ROOT}/sites`,
    {
      config: { access: role('sites:write', 'whole_hub') },
      schema: {
        summary: '新建场所；第一次出现的区域一并建立。 Creates a site, and the areas named for the first time.',
        body: createSiteSchema.strict(),
        response: { 201: siteSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const actor = actorOf(principalOf(request), request.from.address)
      return reply.code(201).send(await ports.registry.places.createSite(actor, request.body))
    },
  )

  app.patch(
    `${API_ROOT}/sites/:id`,
    {
      config: { access: role('sites:write', 'site') },
      schema: {
        summary: '修改场所。 Changes a site.',
        params: idParams,
        body: updateSiteSchema.strict(),
        response: { 200: siteSchema, ...errors },
        tags,
      },
    },
    (request) => {
      const actor = actorOf(principalOf(request), request.from.address)
      const update = () => ports.registry.places.updateSite(actor, request.params.id, request.body)
      // A site in another area is seen by others than before.
      return request.body.area === undefined ? update() : live.changingScope('everyone_with_places', update)
    },
  )

  app.delete(
    `${API_ROOT}/sites/:id`,
    {
      config: { access: role('sites:write', 'site') },
      schema: {
        summary: '删除没有设备的场所。 Deletes a site without devices.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      await ports.registry.places.deleteSite(actorOf(principalOf(request), request.from.address), request.params.id)
      return reply.code(204).send()
    },
  )
}
