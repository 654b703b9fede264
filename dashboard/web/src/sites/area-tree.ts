// The tree of areas as far as the viewer's scope goes: roots are those whose parent is not among them. Pure.
import type { CountedArea } from '../../../../contract/http/places.ts'

export interface AreaNode {
  readonly area: CountedArea
  /** Levels below the root that it hangs from. */
  readonly level: number
  readonly hasChildren: boolean
}

const byName = (a: CountedArea, b: CountedArea): number => a.name.localeCompare(b.name, 'zh-CN')

/** Areas from top to bottom as they are shown: what is closed keeps its children to itself. */
export function shownNodes(
  areas: readonly CountedArea[],
  isOpen: (area: CountedArea, level: number) => boolean,
): AreaNode[] {
  const known = new Set(areas.map(({ id }) => id))
  const parentOf = (area: CountedArea) => (area.parentId !== null && known.has(area.parentId) ? area.parentId : '')
  const children = Map.groupBy(areas, parentOf)
  const nodes: AreaNode[] = []
  const walk = (parentId: string, level: number): void => {
    for (const area of (children.get(parentId) ?? []).toSorted(byName)) {
      const hasChildren = children.has(area.id)
      nodes.push({ area, level, hasChildren })
      if (hasChildren && isOpen(area, level)) walk(area.id, level + 1)
    }
  }
  walk('', 0)
  return nodes
}

/** Where an area may go: not into itself, nor below itself. */
export function destinationsOf(area: CountedArea, areas: readonly CountedArea[]): CountedArea[] {
  const isInside = ({ path }: CountedArea) => area.path.every((name, i) => path[i] === name)
  return areas
    .filter((other) => !isInside(other))
    .toSorted((a, b) => a.path.join('/').localeCompare(b.path.join('/'), 'zh-CN'))
}
