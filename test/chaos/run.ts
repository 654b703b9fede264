// `npm run chaos`: the fault matrix on one machine, its figures against its limits. `-- --rows 1,5,16` runs only these;
// `-- --quick` at reduced sizes; `-- --long` also where the matrix's own size takes an hour.
import { ROWS } from './rows/all.ts'
import { runRows } from './run-rows.ts'

await runRows({ title: 'Zhi’an 智安 chaos', command: 'npm run chaos', rows: ROWS })
