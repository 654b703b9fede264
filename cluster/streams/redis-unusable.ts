/** Redis cannot keep what a PUBACK promises: one sentence a problem, each names what to set. */
export class RedisUnusable extends Error {
  override readonly name = 'RedisUnusable'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
