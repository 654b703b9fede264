// `npm run check`: types, Svelte, lint, format, import rules. Runs all of them and says which failed.
import { spawnSync } from 'node:child_process'

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
  [
    'svelte',
    'node_modules/svelte-check/bin/svelte-check',
    '--tsconfig',
    'dashboard/web/tsconfig.json',
    '--fail-on-warnings',
  ],
  ['lint', 'node_modules/oxlint/bin/oxlint', '--deny-warnings'],
  ['format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ['import rules', 'node_modules/vitest/vitest.mjs', 'run', 'test/architecture.test.ts', '--reporter', 'dot'],
]

const failed: string[] = []
for (const [name, ...command] of CHECKS) {
  process.stdout.write(`check: ${name}\n`)
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
  if (status !== 0) failed.push(name)
}
process.stdout.write(failed.length === 0 ? 'check: all good\n' : `check: failed: ${failed.join(', ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
