// One input that a store can never hold must not keep the others from it.
import type { StoredInput } from './port.ts'
import { UnfitInputError } from './unavailable.ts'

type Append = (inputs: readonly StoredInput[]) => Promise<void>

/** As `append`, but what is unfit is left out and told; it may be told again when the rest has to be written again. */
export function leavingOutUnfit(append: Append, refused: (input: StoredInput, error: Error) => void): Append {
  return async function take(inputs) {
    try {
      await append(inputs)
    } catch (error) {
      if (!(error instanceof UnfitInputError)) throw error
      const [first] = inputs
      if (inputs.length === 1 && first !== undefined) return refused(first, error)
      const middle = Math.ceil(inputs.length / 2)
      await take(inputs.slice(0, middle))
      await take(inputs.slice(middle))
    }
  }
}
