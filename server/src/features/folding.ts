import { type FoldingRange, FoldingRangeKind } from 'vscode-languageserver';
import type { SourceRange } from '../../../shared/src/model/index.ts';
import type { FeatureContext } from './context.ts';

/** The livepatch tables, their entries and patches. Functions and comments are left to the C extension beside us. */
export async function foldingRanges(context: FeatureContext, uri: string): Promise<FoldingRange[]> {
  const check = await context.checks.of(uri);
  if (!check) return [];
  const { objectTables, funcTables, stateTables, patches } = check.module;
  const ranges = [
    ...[...objectTables, ...funcTables, ...stateTables].flatMap((table) => [
      table.range,
      ...table.entries.map((entry) => entry.range),
    ]),
    ...patches.map((patch) => patch.range),
  ];
  const byLines = new Map<string, FoldingRange>();
  for (const range of ranges) {
    const folding = range.file === uri ? toFolding(context, range) : null;
    if (folding) byLines.set(`${folding.startLine} ${folding.endLine}`, folding);
  }
  return [...byLines.values()];
}

/** The closing brace stays visible. Null when there is nothing to hide. */
function toFolding({ client, documents }: FeatureContext, range: SourceRange): FoldingRange | null {
  const where = documents.range(range);
  if (!where) return null;
  const endLine = where.end.line - 1;
  if (endLine <= where.start.line) return null;
  const folding = { startLine: where.start.line, endLine, kind: FoldingRangeKind.Region };
  return client.lineFoldingOnly ? folding : { ...folding, startCharacter: where.start.character + 1 };
}
