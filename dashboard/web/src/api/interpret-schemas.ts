// zod compiles validators with `new Function`, which the hub's policy forbids, and decides so when a schema is made. This
// module must therefore come before the first import of the contract.
import * as z from 'zod'

z.config({ jitless: true })
