// The rules a county really runs: versions are added, never changed, so that an alarm can name the one that raised it.
import type { KindRule, Rule, RuleKind, VersionedRule } from '../contract/rules.ts'
import { ruleSchema } from '../contract/rules.ts'
import { appendAudit } from './audit.ts'
import { LedgerError } from './errors.ts'
import type { Actor, Rules } from './ledger.ts'
import type { Store } from './store.ts'
import type { RuleVersionTable } from './tables.ts'

/** `created_by` of a version that came with the program. */
const BY_DEFAULT = 'default'

export class RuleRecords implements Rules {
  readonly #store: Store
  constructor(store: Store) {
    this.#store = store
  }

  /** Adds defaults whose ids the ledger has never seen; what a county changed stays as it is. */
  async seed(defaults: readonly KindRule[]): Promise<void> {
    const known = new Set((await this.current()).map(nameOf))
    const missing = defaults.filter((rule) => !known.has(nameOf(rule)))
    if (missing.length === 0) return
    const now = this.#store.now()
    await this.#store.write((trx) =>
      trx
        .insertInto('rule_version')
        .values(missing.map((rule) => rowOf(rule, 1, now, BY_DEFAULT)))
        .execute(),
    )
  }

  async current(): Promise<VersionedRule[]> {
    const rows = await this.#store.read
      .selectFrom('rule_version as newest')
      .selectAll()
      .where('version', '=', (eb) =>
        eb
          .selectFrom('rule_version as any_version')
          .select((inner) => inner.fn.max('any_version.version').as('version'))
          .whereRef('any_version.kind', '=', 'newest.kind')
          .whereRef('any_version.rule_id', '=', 'newest.rule_id'),
      )
      .orderBy('kind')
      .orderBy('rule_id')
      .execute()
    return rows.map(versionedRuleOf)
  }

  async version(kind: RuleKind, id: string, version: number): Promise<VersionedRule | null> {
    const row = await this.#store.read
      .selectFrom('rule_version')
      .selectAll()
      .where('kind', '=', kind)
      .where('rule_id', '=', id)
      .where('version', '=', version)
      .executeTakeFirst()
    return row === undefined ? null : versionedRuleOf(row)
  }

  change(actor: Actor, rule: KindRule): Promise<VersionedRule> {
    return this.#store.write(async (trx) => {
      const { newest } = await trx
        .selectFrom('rule_version')
        .select((eb) => eb.fn.max('version').as('newest'))
        .where('kind', '=', rule.kind)
        .where('rule_id', '=', rule.id)
        .executeTakeFirstOrThrow()
      if (newest === null) {
        throw new LedgerError('not_found', { zh: '没有这条规则。', en: 'There is no such rule.' })
      }
      const now = this.#store.now()
      const row = rowOf(rule, newest + 1, now, actor.userId)
      await trx.insertInto('rule_version').values(row).execute()
      const entry = { actor, action: 'rule.changed', subject: `rule:${nameOf(rule)}:${row.version}` }
      await appendAudit(trx, now, [entry])
      return versionedRuleOf(row)
    })
  }
}

const nameOf = ({ kind, id }: KindRule): string => `${kind}/${id}`

function rowOf(rule: KindRule, version: number, now: number, by: string): RuleVersionTable {
  // Parsed, so that what is kept is a rule and nothing beside it.
  const body = JSON.stringify(ruleSchema.parse(rule))
  return { kind: rule.kind, rule_id: rule.id, version, body, created_at: now, created_by: by }
}

function versionedRuleOf(row: RuleVersionTable): VersionedRule {
  return { ...(JSON.parse(row.body) as Rule), kind: row.kind as RuleKind, version: row.version }
}
