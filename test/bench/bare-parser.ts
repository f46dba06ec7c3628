import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';

/** tree-sitter with its C grammar and nothing of ours: the floor under everything that reads C. */
export async function loadBareParser(dist: string): Promise<Parser> {
  await Parser.init({ wasmBinary: readFileSync(join(dist, 'web-tree-sitter.wasm')) });
  const parser = new Parser();
  parser.setLanguage(await Language.load(readFileSync(join(dist, 'tree-sitter-c.wasm'))));
  return parser;
}
