// What happens in the demonstration, as this page follows it.
import * as z from 'zod'
import { demoStageSchema } from '../../../../contract/http/demo.ts'
import type { DemoCue, DemoStage } from '../../../../contract/http/demo.ts'
import { call } from '../api/client.ts'
import { ROUTES } from '../api/routes.ts'
import { recallText, remember } from '../app/memory.ts'

const HINTS_OFF = 'demo-hints-off'

class Stage {
  now = $state.raw<DemoStage | null>(null)
  /** It begins anew: who was signed in is signed in again when the accounts are back. */
  anew = $state(false)
  /** Device → painted, ms, of the visitor's own reading. */
  ownRowMs = $state<number | null>(null)
  hintsOff = $state(recallText(HINTS_OFF) === 'yes')

  async look(): Promise<void> {
    const stage = await call('GET', ROUTES.demo, demoStageSchema)
    if (stage.run !== this.now?.run) this.ownRowMs = null
    this.now = stage
  }

  async cue(cue: DemoCue): Promise<void> {
    await call('POST', ROUTES.demoCues, z.unknown(), { body: { cue } })
    if (cue === 'again') this.anew = true
  }

  showHints(shown: boolean): void {
    this.hintsOff = !shown
    remember(HINTS_OFF, shown ? 'no' : 'yes')
  }
}

export const stage = new Stage()
