// When the desks change hands and who leads the shift, as an administrator has set it. Nothing is derived from it but what the
// status line says.
import { API_ROOT } from '../../../contract/http/common.ts'
import { DEFAULT_CHANGE_TIME, shiftSchema } from '../../../contract/http/shift.ts'
import type { Shift } from '../../../contract/http/shift.ts'
import type { VersionedSetting } from '../../../records/ledger.ts'
import { role } from '../access.ts'
import type { App, Context } from '../app.ts'
import { principalOf } from '../auth/guard.ts'
import { actorOf } from '../auth/principal.ts'
import { errors } from './answers.ts'

const KEY = 'shift'
const DEFAULT: Omit<Shift, 'version'> = { changesAt: [DEFAULT_CHANGE_TIME], leader: null }

const viewOf = ({ version, value }: VersionedSetting): Shift => ({ ...DEFAULT, ...(value as typeof DEFAULT), version })

export function shiftRoutes(app: App, { ports }: Context): void {
  const { settings } = ports.records
  const tags = ['shift']

  app.get(
    `${API_ROOT}/shift`,
    {
      config: { access: role('shift:read', 'placeless') },
      schema: {
        summary: '交接班时间与带班领导。 When shifts change, and who leads.',
        response: { 200: shiftSchema, ...errors },
        tags,
      },
    },
    async () => viewOf(await settings.versioned(KEY)),
  )

  app.put(
    `${API_ROOT}/shift`,
    {
      config: { access: role('shift:write', 'whole_hub') },
      schema: {
        summary: '设置交接班时间与带班领导。 Sets when shifts change, and who leads.',
        body: shiftSchema.strict(),
        response: { 200: shiftSchema, ...errors },
        tags,
      },
    },
    async (request) => {
      const { version, changesAt, leader } = request.body
      const value = { changesAt: [...new Set(changesAt)].toSorted(), leader }
      const actor = actorOf(principalOf(request), request.from.address)
      const change = { version, value, action: 'shift.changed', fields: ['changesAt', 'leader'] }
      return viewOf(await settings.change(actor, KEY, change))
    },
  )
}
