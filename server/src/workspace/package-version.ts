import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in the package.json of which `folder` (where the bundle lies) is a sub-folder; `unknown` without one. */
export function packageVersion(folder: string): string {
  try {
    const contents: unknown = JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8'));
    if (typeof contents === 'object' && contents !== null && 'version' in contents) return String(contents.version);
  } catch {
    // A bundle that was copied somewhere on its own.
  }
  return 'unknown';
}
