import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createParser } from '../../server/src/analysis/parser.ts';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { fixesOf } from './fixes.ts';
import { rulePages } from './pages.ts';

/** Written by hand. */
const COVERAGE = 'coverage.md';

/** Writes docs/rules/ and removes the pages of rules that are gone. Returns how many pages there are. */
export async function writeRuleDocs(root: string): Promise<number> {
  const { resolve } = createRequire(join(root, 'package.json'));
  const parser = await createParser({
    runtime: readFileSync(resolve('web-tree-sitter/web-tree-sitter.wasm')),
    language: readFileSync(resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
  const pages = rulePages(RULES, (rule) => fixesOf(rule, parser));
  const folder = join(root, 'docs/rules');
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) if (!pages.has(file) && file !== COVERAGE) rmSync(join(folder, file));
  for (const [file, text] of pages) writeFileSync(join(folder, file), text);
  return pages.size;
}
