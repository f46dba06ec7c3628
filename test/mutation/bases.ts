import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModule } from '../../server/src/analysis/read-module.ts';
import { EXAMPLE_KERNEL, EXAMPLE_SOURCE } from '../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import { formatVersion } from '../../server/src/kernel/version.ts';
import { parser } from '../support/parser.ts';
import type { Base } from './mutator.ts';

const OWN = fileURLToPath(new URL('modules', import.meta.url));
/** Has what no example has: system states, replace and shadow variables in one module. */
const SAMPLE = fileURLToPath(new URL('../../samples/cumulative.c', import.meta.url));

/** The good examples of all rules, each text once, the modules that stand in `modules`, and a sample. */
export function bases(): Base[] {
  const seen = new Set<string>();
  const examples = RULES.flatMap((rule) =>
    rule.examples.good.flatMap((example) => {
      const { text } = exampleText(example);
      const version = example.kernel ?? (rule.until ? rule.since : undefined);
      const file = example.file ?? 'uptime_fix.c';
      const kernel = version ? formatVersion(version) : '6.12';
      // A kernel's symbols are only known where the example's names are among them.
      const knowledge = rule.needs ? EXAMPLE_KERNEL : null;
      const source = rule.needs === 'source' ? EXAMPLE_SOURCE : undefined;
      const key = `${file} ${kernel} ${knowledge !== null} ${source !== undefined} ${text}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [base({ name: `${rule.id}: ${example.title}`, file, text, kernel, knowledge, source })];
    }),
  );
  const files = [
    SAMPLE,
    ...readdirSync(OWN)
      .sort()
      .map((file) => join(OWN, file)),
  ];
  const own = files.map((path) => {
    const file = basename(path);
    return base({
      name: file,
      file,
      text: readFileSync(path, 'utf8'),
      kernel: '6.12',
      knowledge: null,
      source: undefined,
    });
  });
  return [...examples, ...own];
}

function base(about: Omit<Base, 'module'>): Base {
  const unit = new SourceUnit(parser, about.file, about.text);
  const name = about.file.replace(/\.c$/, '');
  return { ...about, module: readModule([unit], { name, missing: [] }) };
}
