// The store takes nothing at the moment: it failed, is not started, is stopped, or cannot be reached.

/** Nothing of the batch may be taken as durable. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
}

/** The store is there, and must not be used as it is set up: the sentence says what to change. */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError'
}

/** An input that this store can never hold, whoever brings it again. */
export class UnfitInputError extends TypeError {
  override readonly name = 'UnfitInputError'
}

export function unavailable(chinese: string, english: string): StoreUnavailableError {
  return new StoreUnavailableError(`${chinese} ${english}`)
}
