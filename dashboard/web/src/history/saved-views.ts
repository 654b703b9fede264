// Filters that a person named, kept in this browser and for this person: several sit at one desk.
import * as z from 'zod'
import { recallText, remember } from '../app/memory.ts'

const viewSchema = z.object({ name: z.string().trim().min(1).max(40), address: z.string().max(2_000) })
export type SavedView = z.infer<typeof viewSchema>

const MAX_VIEWS = 50

/** What is kept may be from another version, or damaged: what is not a view is left out. */
export function viewsFrom(text: string | null): SavedView[] {
  let kept: unknown
  try {
    kept = JSON.parse(text ?? '[]')
  } catch {
    return []
  }
  if (!Array.isArray(kept)) return []
  return kept.flatMap((one: unknown) => viewSchema.safeParse(one).data ?? [])
}

/** A name stands for one view: saving under it again replaces it. Newest last, the oldest beyond 50 go. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter(({ name }) => name !== view.name), view].slice(-MAX_VIEWS)
}

export const withoutView = (views: readonly SavedView[], name: string): SavedView[] =>
  views.filter((view) => view.name !== name)

const keyOf = (userId: string) => `history.views.${userId}`
export const recallViews = (userId: string): SavedView[] => viewsFrom(recallText(keyOf(userId)))
export const rememberViews = (userId: string, views: readonly SavedView[]): void =>
  remember(keyOf(userId), JSON.stringify(views))
