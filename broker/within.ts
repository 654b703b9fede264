// A bound on how long somebody else's promise may take.

/** What `ask` resolves to, or null when that takes longer than `ms`. Rejects as it does. */
export async function within<T extends object>(ms: number, ask: () => Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null)
  })
  try {
    return await Promise.race([ask(), late])
  } finally {
    clearTimeout(timer)
  }
}
