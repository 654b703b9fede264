// A row that the test run already covers: its files are run at the size asked for, their cases counted, and the figures
// that they note on the way taken over.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { atLeast, exactly } from '../bench/row.ts'
import type { BenchRow } from '../bench/row.ts'
import { FIGURES_FILE, readFigures } from '../support/noted-figures.ts'
import { ROOT } from '../support/hub-process.ts'

const resultSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
})

export interface TestsOptions {
  readonly files: readonly string[]
  /** Only tests whose full name matches. */
  readonly named?: string
  /** Sizes. */
  readonly environment?: Readonly<Record<string, string>>
  readonly say: (text: string) => void
}

/** Noted figures, then how many cases held and how many did not; the first complaints go to `say`. */
export async function testsAsRow({ files, named, environment, say }: TestsOptions): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zhian-chaos-'))
  const [output, figures] = [join(folder, 'result.json'), join(folder, 'figures')]
  try {
    const said = await vitest(
      [
        'run',
        ...files,
        ...(named === undefined ? [] : ['-t', named]),
        '--reporter=json',
        `--outputFile=${output}`,
        '--passWithNoTests=false',
      ],
      { ...environment, [FIGURES_FILE]: figures },
    )
    const { testResults } = resultSchema.parse(JSON.parse(readOr(output, said)))
    const cases = testResults.flatMap(({ assertionResults }) => assertionResults)
    const failed = cases.filter(({ status }) => status === 'failed')
    for (const { message } of testResults) if (message !== '') say(firstLine(message))
    for (const { fullName, failureMessages } of failed) say(`${fullName}: ${firstLine(failureMessages?.[0] ?? '')}`)
    const brokenFiles = testResults.filter(({ message }) => message !== '').length
    return [
      ...readFigures(figures),
      atLeast('tests held', cases.filter(({ status }) => status === 'passed').length, '', 1),
      exactly('tests that did not hold', failed.length + brokenFiles, '', 0),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Answers what it said, for the case that there is no result. */
function vitest(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
    child.once('error', reject)
    child.once('close', () => resolve(said))
  })
}

function readOr(path: string, said: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Error(`the tests gave no result: ${said}`)
  }
}

const firstLine = (text: string): string => text.split('\n')[0] ?? ''
