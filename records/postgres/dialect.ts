// PostgreSQL as the ledger's queries expect an engine to be.
import { PostgresDialect, PostgresQueryCompiler } from 'kysely'
import type { DataTypeNode } from 'kysely'

/**
 * Texts are compared byte by byte, whatever locale the database was made with: ids, cursors and pinyin sort alike in every
 * engine, and a change of the system's locales spoils no index.
 */
class PlainTextCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    super.visitDataType(node)
    if (node.dataType === 'text' && this.parentNode?.kind === 'ColumnDefinitionNode') this.append(' collate "C"')
  }
}

export class LedgerDialect extends PostgresDialect {
  override createQueryCompiler(): PostgresQueryCompiler {
    return new PlainTextCompiler()
  }
}
