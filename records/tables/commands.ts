// Commands to devices, and who put up which device when.

export interface CommandTable {
  id: string
  device_id: string
  requested_at: number
  /** null: under way. */
  ended_at: number | null
  /** Command */
  body: string
}

/** One row each time that a device was put up, or another set put in its place. */
export interface InstallationTable {
  id: string
  device_id: string
  /** Where it was put up. */
  site_id: string | null
  kind: string
  act: 'installed' | 'replaced'
  at: number
  user_id: string
}

export interface CommandTables {
  command: CommandTable
  installation: InstallationTable
}
