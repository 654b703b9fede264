// The map of the command wall.

/** One row. */
export interface WallMapTable {
  id: 1
  /** Counts the changes: who replaces it says which one they saw. */
  version: number
  /** MapDatum */
  datum: string
  /** MapFeature[] */
  features: string
  changed_at: number
}

export interface WallTables {
  wall_map: WallMapTable
}
