// Between the demonstration and its hub: Node's channel of a child process. The hub asks, the demonstration answers. When
// either is gone the other notices, for the channel closes.
import * as z from 'zod'
import { demoCueSchema, demoDoorSchema, demoStageSchema } from '../../contract/http/demo.ts'
import type { Demo } from '../../dashboard/server/demo-port.ts'

const questionSchema = z.discriminatedUnion('ask', [
  z.object({ id: z.number(), ask: z.literal('door'), onThisMachine: z.boolean() }),
  z.object({ id: z.number(), ask: z.literal('stage') }),
  z.object({ id: z.number(), ask: z.literal('cue'), cue: demoCueSchema.shape.cue }),
])
type Question = z.infer<typeof questionSchema>
type Asked = Question extends infer One ? (One extends Question ? Omit<One, 'id'> : never) : never

const answerSchema = z.object({ id: z.number(), value: z.unknown().optional(), problem: z.string().optional() })
type Answer = z.infer<typeof answerSchema>

/** One end of the channel: a child process, or `process` in the child. */
export interface Channel {
  readonly connected?: boolean
  /** Without `sent` a failure to send is an error of the process. */
  send?(message: Question | Answer, sent: () => void): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** A question without an answer is given up: the page asks again. */
const PATIENCE_MS = 5_000

/** The hub's end. */
export function askOver(channel: Channel, patienceMs = PATIENCE_MS): Demo {
  let last = 0
  const waiting = new Map<number, (answer: Answer) => void>()
  channel.on('message', (message) => {
    const answer = answerSchema.safeParse(message)
    if (answer.success) waiting.get(answer.data.id)?.(answer.data)
  })
  const ask = (question: Asked): Promise<unknown> => {
    const id = ++last
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs)
    waiting.set(id, ({ value, problem }) => (problem === undefined ? resolve(value) : reject(new Error(problem))))
    if (channel.connected === true) channel.send?.({ ...question, id } as Question, () => {})
    else reject(new Error('it is gone'))
    return promise.finally(() => {
      clearTimeout(timer)
      waiting.delete(id)
    })
  }
  return {
    door: async (onThisMachine) => demoDoorSchema.parse(await ask({ ask: 'door', onThisMachine })),
    stage: async () => demoStageSchema.parse(await ask({ ask: 'stage' })),
    cue: async (cue) => void (await ask({ ask: 'cue', cue })),
  }
}

/** The demonstration's end. */
export function answerOver(channel: Channel, demo: Demo): void {
  const valueOf = (question: Question): Promise<unknown> => {
    if (question.ask === 'door') return demo.door(question.onThisMachine)
    return question.ask === 'stage' ? demo.stage() : demo.cue(question.cue)
  }
  const answer = async (question: Question): Promise<void> => {
    const { id } = question
    const said: Answer = await valueOf(question).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, problem: error instanceof Error ? error.message : String(error) }),
    )
    // Killed meanwhile: nobody waits for it any more.
    if (channel.connected === true) channel.send?.(said, () => {})
  }
  channel.on('message', (message) => {
    const question = questionSchema.safeParse(message)
    if (question.success) void answer(question.data)
  })
}
