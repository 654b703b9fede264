// Which page the wall is on. Pure: it turns by the clock, so that it goes on where it would have been after an interruption.
export const TURN_MS = 20_000
/** Towns on one page: two columns that can be read from three metres. */
export const TOWNS_A_PAGE = 16

export type WallPage =
  | { readonly page: 'overview' | 'figures' }
  /** The towns from the `part`-th page of them. */
  | { readonly page: 'towns'; readonly part: number }

export function wallPages(towns: number): WallPage[] {
  const parts = Math.max(1, Math.ceil(towns / TOWNS_A_PAGE))
  return [
    { page: 'overview' },
    ...Array.from({ length: parts }, (_, part) => ({ page: 'towns', part }) as const),
    { page: 'figures' },
  ]
}

/** `since`: the wall was put up, or it went back to turning, ms. */
export function pageAt(pages: readonly WallPage[], since: number, now: number): WallPage {
  const turns = Math.max(0, Math.floor((now - since) / TURN_MS))
  return pages[turns % pages.length] ?? { page: 'overview' }
}
