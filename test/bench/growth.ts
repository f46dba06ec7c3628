import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkModule } from '../../server/src/analysis/check.ts';
import { createParser } from '../../server/src/analysis/parser.ts';
import { readModule } from '../../server/src/analysis/read-module.ts';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import { editTimes } from './editing.ts';
import { generateModule } from './generated-module.ts';
import { median, shown, table } from './measure.ts';
import type { BenchServer } from './servers.ts';

/** How a key to its findings grows with the module. */
export async function growthWithSize(server: BenchServer, folder: string, names: readonly string[]): Promise<string> {
  const rows: string[][] = [];
  for (const functions of [125, 250, 500, 1000, 2000]) {
    const module = generateModule({ functions }, names);
    const [ours] = await editTimes([server], folder, module, 60);
    if (!ours) throw new Error('no server was measured');
    rows.push([
      String(module.lines),
      shown(ours.median, 'ms'),
      shown(ours.p95, 'ms'),
      shown(ours.open, 'ms'),
      shown(ours.memory, 'MB'),
    ]);
  }
  return [
    '### Growth with the file’s size',
    '',
    table(['Lines', 'Key to findings, median', '95th percentile', 'Open to findings', 'Memory'], rows),
  ].join('\n');
}

/** How a check grows with the number of rules: reading and checking in one process, without a protocol. */
export async function growthWithRules(dist: string, names: readonly string[]): Promise<string> {
  const parser = await createParser({
    runtime: readFileSync(join(dist, 'web-tree-sitter.wasm')),
    language: readFileSync(join(dist, 'tree-sitter-c.wasm')),
  });
  const { text, numbers } = generateModule({ functions: 500 }, names);
  const { line, character } = numbers[250] ?? { line: 0, character: 0 };
  const at = text.split('\n').slice(0, line).join('\n').length + 1 + character;
  const unit = new SourceUnit(parser, 'module.c', text);
  const rows: string[][] = [];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const rules = RULES.slice(0, Math.round(RULES.length * share));
    let isLonger = false;
    const time = await median(200, () => {
      unit.update([{ start: at, end: at + (isLonger ? 1 : 0), newText: isLonger ? '' : '1' }]);
      isLonger = !isLonger;
      checkModule(readModule([unit], { name: 'module', missing: [] }), {
        kernel: { version: { major: 6, minor: 12 }, knowledge: null },
        severities: {},
        rules,
      });
    });
    rows.push([String(rules.length), shown(time, 'ms')]);
    if (isLonger) unit.update([{ start: at, end: at + 1, newText: '' }]);
  }
  parser.dispose();
  return ['### Growth with the number of rules', '', table(['Rules', 'A key, read and checked'], rows)].join('\n');
}
