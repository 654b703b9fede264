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

  /**
   * Adds the defaults of this program: as first versions where the ledger has never seen them, as new versions where it
   * runs an older default. What a county changed stays as it is. What was only planned and is planned no longer goes:
   * it never decided anything.
   */
  async seed(defaults: readonly KindRule[]): Promise<void> {
    const owing = this.#missing(defaults, await this.#newest(this.#store.read))
    if (owing.rows.length === 0 && owing.dropped.length === 0) return
    await this.#store.write(async (trx) => {
      // Several processes may start at once: what another has added by now is not added again.
      const { rows, dropped } = this.#missing(defaults, await this.#newest(trx))
      if (rows.length > 0) await trx.insertInto('rule_version').values(rows).execute()
      for (const { kind, rule_id } of dropped)
        await trx.deleteFrom('rule_version').where('kind', '=', kind).where('rule_id', '=', rule_id).execute()
    })
  }

  #missing(
    defaults: readonly KindRule[],
    current: readonly RuleVersionTable[],
  ): { readonly rows: RuleVersionTable[]; readonly dropped: RuleVersionTable[] } {
    const newest = new Map(current.map((row) => [nameOfRow(row), row]))
    const now = this.#store.now()
    const rows = defaults.flatMap((rule) => {
      const known = newest.get(nameOf(rule))
      newest.delete(nameOf(rule))
      const row = rowOf(rule, (known?.version ?? 0) + 1, now, BY_DEFAULT)
      const stays = known !== undefined && (known.created_by !== BY_DEFAULT || known.body === row.body)
      return stays ? [] : [row]
    })
    return { rows, dropped: [...newest.values()].filter((row) => versionedRuleOf(row).type === 'planned') }
  }

  async current(): Promise<VersionedRule[]> {
    return (await this.#newest(this.#store.read)).map(versionedRuleOf)
  }

  #newest(db: Store['read']): Promise<RuleVersionTable[]> {
    return db
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
const nameOfRow = ({ kind, rule_id }: RuleVersionTable): string => `${kind}/${rule_id}`

function rowOf(rule: KindRule, version: number, now: number, by: string): RuleVersionTable {
  // Parsed, so that what is kept is a rule and nothing beside it.
  const body = JSON.stringify(ruleSchema.parse(rule))
  return { kind: rule.kind, rule_id: rule.id, version, body, created_at: now, created_by: by }
}

function versionedRuleOf(row: RuleVersionTable): VersionedRule {
  return { ...(JSON.parse(row.body) as Rule), kind: row.kind as RuleKind, version: row.version }
}
