// The one decision about access, for routes and feed events alike (G9).
import type { Access } from '../access.ts'
import { roleMay } from '../../../contract/roles.ts'
import { ApiError } from '../errors.ts'
import type { Principal } from './principal.ts'

/** Why this caller may not do this; null if they may. `changes`: it changes something, rather than only showing it. */
export function refusalOf(access: Access, principal: Principal | null, changes: boolean): ApiError | null {
  if (access.to === 'anyone') return null
  if (principal === null) return new ApiError('unauthorized')
  const whileChanging = access.to === 'self' && access.whileChanging === true
  if (principal.mustChange && !whileChanging)
    return new ApiError(
      'forbidden',
      { reason: 'password_change_required' },
      '请先修改初始密码。 Change your first password before anything else.',
    )
  if (changes && principal.state === 'viewing' && !whileChanging)
    return new ApiError(
      'unauthorized',
      { reason: 'session_ended' },
      '登录已到期，画面继续显示；操作前请重新登录。 The session has ended; the screen stays live, acts need a new sign-in.',
    )
  if (access.to === 'self') return null
  if (!roleMay(principal.role, access.may)) return new ApiError('forbidden')
  if (access.scope === 'whole_hub' && !principal.scope.all) return new ApiError('forbidden')
  return null
}
