import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CParser, createParser } from '../analysis/parser.ts';

/**
 * Loads the C parser from the two wasm files that lie in `folder`, beside the bundle.
 * Rejects with an error that says what to do when they are not there or do not fit into memory.
 */
export async function loadParser(folder: string): Promise<CParser> {
  try {
    const [runtime, language] = await Promise.all([
      readFile(join(folder, 'web-tree-sitter.wasm')),
      readFile(join(folder, 'tree-sitter-c.wasm')),
    ]);
    return await createParser({ runtime, language });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The C parser could not be loaded from ${folder}: ${reason}. ${adviceFor(reason)}`, {
      cause: error,
    });
  }
}

function adviceFor(reason: string): string {
  if (reason.includes('ENOENT')) return 'The installation is not complete: install it again.';
  if (/memory|RangeError/i.test(reason)) {
    return 'WebAssembly got no memory: a limit on virtual memory (ulimit -v) is the usual cause.';
  }
  return 'Checks need it; nothing was checked.';
}
