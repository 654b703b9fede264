// `npm run chaos:cluster`: what can happen to the scaled-out form, its figures against its limits. `-- --rows 1,5` runs only
// these; `-- --quick` at reduced sizes.
import { runRows } from '../run-rows.ts'
import { CLUSTER_ROWS } from './rows/all.ts'

await runRows({ title: 'Zhi’an 智安 chaos, cluster', command: 'npm run chaos:cluster', rows: CLUSTER_ROWS })
