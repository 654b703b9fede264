// Names that the service worker and the pages share.

/** The shell of one version follows it. */
export const SHELL_CACHE = 'zhian-phone-shell-'
/** Answers of the hub to whoever is signed in: of one person at a time. */
export const DATA_CACHE = 'zhian-phone-data'
/** Header of a kept answer: the instant it was true at, ms. */
export const KEPT_AT = 'x-kept-at'

/** What the build tells the worker. */
export interface Shell {
  readonly version: string
  /** Paths. */
  readonly files: readonly string[]
  readonly shellCache: string
  readonly dataCache: string
  readonly keptAt: string
}
