import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createParser } from '../../server/src/analysis/parser.ts';

const require = createRequire(import.meta.url);

/** The one parser of a test file's process, made from the wasm files of the npm packages. */
export const parser = await createParser({
  runtime: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
  language: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
});
