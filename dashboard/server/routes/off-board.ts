// Somebody goes: what they looked after is given to another first. What will move is shown before it moves.
import { API_ROOT } from '../../../contract/http/common.ts'
import { handoverSchema, offBoardSchema } from '../../../contract/http/sign-in.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors, idParams } from './answers.ts'

const write = role('users:write', 'whole_hub')

export function offBoardRoutes(app: App, { ports, live }: Context): void {
  const { offBoard } = ports.records
  const tags = ['users']

  app.get(
    `${API_ROOT}/users/:id/handover`,
    {
      config: { access: write },
      schema: {
        summary: '某人离岗时要移交什么，可由谁接手。 What somebody would leave behind, and who may take it.',
        params: idParams,
        response: { 200: handoverSchema, ...errors },
        tags,
      },
    },
    (request) => offBoard.preview(request.params.id),
  )

  app.post(
    `${API_ROOT}/users/:id/off-board`,
    {
      config: { access: write },
      schema: {
        summary:
          '离岗：场所和区域移交给接手的人，登录和令牌全部结束，停用或删除。 Off-boards: places go to the successor, sessions and tokens end, the person is disabled or deleted, all at once.',
        params: idParams,
        body: offBoardSchema.strict(),
        response: { 200: handoverSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { id } = request.params
      const { successorId } = request.body
      const carryOut = () => offBoard.carryOut(actorOf(principalOf(request), request.from.address), id, request.body)
      const moved = await (successorId === null ? carryOut() : live.changingScope({ userId: successorId }, carryOut))
      await live.userChanged(id)
      if (successorId !== null) await live.userChanged(successorId)
      return moved
    },
  )
}
