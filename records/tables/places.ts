// Inspections, and how many installations a town owes a year.

export interface InspectionTable {
  id: string
  site_id: string
  at: number
  inspector_id: string
  inspector_name: string
  kind: string
  result: string
  findings: string
  /** `2026-06-01` */
  deadline: string | null
  /** The inspection whose hazard this one looks at again. */
  rechecks: string | null
  reported_at: number | null
  reported_by: string | null
}

export interface QuotaTable {
  area_id: string
  year: number
  /** Kind name. */
  kind: string
  target: number
}

export interface PlaceTables {
  inspection: InspectionTable
  quota: QuotaTable
}
