// The demonstration's routes. Only a hub that plays one has them; an ordinary hub says that it has none.
import { aboutSchema, demoCueSchema, demoStageSchema } from '../../../contract/http/demo.ts'
import { API_ROOT } from '../../../contract/http/common.ts'
import { anyone, role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { ApiError } from '../errors.ts'
import { isLoopback } from '../origin.ts'
import type { Demo } from '../demo-port.ts'
import { errors, NOTHING } from './answers.ts'

const direct = role('demo:direct', 'whole_hub')

export function demoRoutes(app: App, { ports, options }: Context): void {
  const { demo } = ports
  const tags = ['demo']
  app.get(
    `${API_ROOT}/about`,
    {
      config: { access: anyone('whether all of this is invented, and the invented accounts') },
      schema: {
        summary: '版本，以及是否为演示。 What this hub is, and whether it is a demonstration.',
        response: { 200: aboutSchema, ...errors },
        tags,
      },
    },
    async (request) => ({
      demo: demo === undefined ? null : await asked(demo.door(isLoopback(request.from))),
    }),
  )
  if (demo !== undefined) stage(demo)

  function stage(playing: Demo): void {
    app.get(
      `${API_ROOT}/demo`,
      {
        config: { access: direct },
        schema: {
          summary: '演示进行到哪里。 How far the demonstration has come.',
          response: { 200: demoStageSchema, ...errors },
          tags,
        },
      },
      () => asked(playing.stage()),
    )
    app.post(
      `${API_ROOT}/demo/cues`,
      {
        config: { access: direct },
        schema: {
          summary: '演示：触发一个场景，或重演。 Cues a scene of the demonstration, or starts it again.',
          body: demoCueSchema.strict(),
          response: { 204: NOTHING, ...errors },
          tags,
        },
      },
      async (request, reply) => {
        await asked(playing.cue(request.body.cue))
        return reply.code(204).send()
      },
    )
  }

  /** The demonstration is another process: it may be busy, or gone. */
  async function asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      options.log.warn({ err: error }, 'the demonstration did not answer')
      throw new ApiError('unavailable')
    }
  }
}
