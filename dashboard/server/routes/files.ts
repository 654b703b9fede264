// Files of places, devices, alarms, rooms and inspections.
import * as z from 'zod'
import { API_ROOT, pageOf } from '../../../contract/http/common.ts'
import { MAX_FILE_BYTES, addFileQuerySchema, fileListQuerySchema, fileSchema } from '../../../contract/http/files.ts'
import type { StoredFile } from '../../../contract/http/files.ts'
import { rowOf } from '../../../contract/roles.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf, subjectOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import { ApiError, invalid } from '../errors.ts'
import { accept } from '../files/accept.ts'
import { contentDisposition, safeName } from '../files/disposition.ts'
import { FileRefused } from '../files/refusal.ts'
import { NOTHING, errors, idParams } from './answers.ts'

/** What a sender may call the bytes; what they are is looked for in them. */
const SENT_AS = ['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'application/pdf', 'application/octet-stream']
/** Uploads of one user a minute. */
const UPLOADS_A_MINUTE = 60
/** Nothing in it may run, load or be framed, should a browser ever take it for a page. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

export function fileRoutes(app: App, { ports }: Context): void {
  const { files } = ports.records
  const tags = ['files']

  app.addContentTypeParser<Buffer>(SENT_AS, { parseAs: 'buffer', bodyLimit: MAX_FILE_BYTES }, (_request, body, done) =>
    done(null, body),
  )

  app.post(
    `${API_ROOT}/files`,
    {
      config: { access: role('files:write', 'filtered'), rateLimit: { max: UPLOADS_A_MINUTE, timeWindow: 60_000 } },
      bodyLimit: MAX_FILE_BYTES,
      schema: {
        summary:
          '上传一个文件：JPEG、PNG、WebP 或 PDF，最大 10 MiB；类型看内容，照片里的位置等信息会去掉。 Adds a file: JPEG, PNG, WebP or PDF, at most 10 MiB; its content says what it is, and what a camera wrote into it is left out.',
        consumes: SENT_AS,
        querystring: addFileQuerySchema.strict(),
        body: z.instanceof(Buffer).describe('The bytes of the file'),
        response: { 201: fileSchema, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { subject, name } = request.query
      if (!(await files.sees(principal.scope, subject))) throw new ApiError('not_found')
      const { type, content } = await accept(request.body).catch((error: unknown) => {
        throw error instanceof FileRefused ? invalid([{ path: 'body', message: error.message }], error.message) : error
      })
      const actor = actorOf(principal, request.from.address)
      const file = await ports.registry.files.add(actor, { subject, name: safeName(name), type, content })
      return reply.code(201).send(file)
    },
  )

  app.get(
    `${API_ROOT}/files`,
    {
      config: { access: role('files:read', 'filtered') },
      schema: {
        summary: '一个对象的文件，最新的在前。 Files of one subject, the newest first.',
        querystring: fileListQuerySchema.strict(),
        response: { 200: pageOf(fileSchema), ...errors },
        tags,
      },
    },
    (request) => files.list(principalOf(request).scope, request.query),
  )

  app.get(
    `${API_ROOT}/files/:id`,
    {
      config: { access: role('files:read', 'file') },
      schema: {
        summary: '文件内容。 The content of a file.',
        params: idParams,
        produces: ['image/jpeg', 'image/png', 'image/webp', 'application/pdf'],
        response: { 200: z.unknown().describe('The bytes'), 304: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const file = subjectOf(request, 'file')
      const etag = `"${file.sha256}"`
      void reply
        .header('etag', etag)
        .header('cache-control', 'private, max-age=31536000, immutable')
        .header('content-security-policy', SANDBOX)
        .header('x-content-type-options', 'nosniff')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      const content = await files.read(file)
      if (content === null)
        throw new ApiError(
          'not_found',
          { reason: 'content_missing' },
          '文件内容不在这台机器上（可能恢复时没有带上 files 目录）。 The content is not on this machine, perhaps the folder of files was not restored.',
        )
      return reply
        .type(file.type)
        .header('content-length', file.bytes)
        .header('content-disposition', contentDisposition(shownAs(file), file.name))
        .send(content)
    },
  )

  app.delete(
    `${API_ROOT}/files/:id`,
    {
      config: { access: role('files:write', 'file') },
      schema: {
        summary:
          '删除文件：上传者本人，或看得到全县的人。 Removes a file: its sender may, and whoever sees the whole county.',
        params: idParams,
        response: { 204: NOTHING, ...errors },
        tags,
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const file = subjectOf(request, 'file')
      if (!mayRemove(principal, file)) throw new ApiError('forbidden', { reason: 'not_the_sender' })
      await ports.registry.files.remove(actorOf(principal, request.from.address), file.id)
      return reply.code(204).send()
    },
  )
}

/** A photograph is evidence: within a scope only who sent it takes it back. */
function mayRemove(principal: Principal, file: StoredFile): boolean {
  return file.by?.id === principal.userId || rowOf(principal.role).scope === 'everything'
}

/** Browsers show no PDF inside a sandbox. */
const shownAs = ({ type }: StoredFile): 'inline' | 'attachment' =>
  type === 'application/pdf' ? 'attachment' : 'inline'
