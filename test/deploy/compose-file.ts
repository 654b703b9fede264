// docker-compose.yml as its tests read it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../support/hub-process.ts'

export interface ComposeService {
  readonly image?: string
  readonly profiles?: readonly string[]
  readonly command?: string | readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string }>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly disable?: boolean; readonly test?: readonly string[] }
  readonly restart?: string
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly ulimits?: { readonly nofile?: { readonly soft: number } }
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string; readonly memory?: string } } }
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file?: string }>>
}

export const COMPOSE_PATH = join(ROOT, 'docker-compose.yml')

export const readCompose = (): ComposeFile => parse(readFileSync(COMPOSE_PATH, 'utf8'), { merge: true }) as ComposeFile

/** It does its work and ends. */
export const isOneShot = (service: ComposeService): boolean => service.restart === 'no'

export const isHub = (service: ComposeService): boolean => service.image?.startsWith('zhian:') === true

export const profilesOf = (service: ComposeService): readonly string[] => service.profiles ?? []

export const networksOf = ({ networks = [] }: ComposeService): readonly string[] =>
  Array.isArray(networks) ? networks : Object.keys(networks)

/** The command's words, as compose splits them. */
export const wordsOf = ({ command = [] }: ComposeService): readonly string[] =>
  typeof command === 'string'
    ? command.trim().split(/\s+/).map((word) => (word === "''" ? '' : word)) // prettier-ignore
    : command

/** Everything that must have started before, itself not among it. */
export function before(file: ComposeFile, name: string, found = new Set<string>()): ReadonlySet<string> {
  for (const needed of Object.keys(file.services[name]?.depends_on ?? {})) {
    if (found.has(needed)) continue
    found.add(needed)
    before(file, needed, found)
  }
  return found
}
