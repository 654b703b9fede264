// Where the data is, for the commands beside the hub: they need nothing else of its configuration.
import { VARIABLES } from './config.ts'

export function dataDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['ZHIAN_DATA_DIR'] || VARIABLES.ZHIAN_DATA_DIR.default || '.'
}
