import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Never part of the sources: installed, built or cached. */
const NOT_OURS = new Set(['node_modules', 'dist', '.cache', '.git', 'coverage']);

/** Paths of all files of the project, relative to its root, with `/`. */
export function projectFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : projectFiles(path);
    return entry.isFile() && !entry.name.endsWith('.vsix') ? [path] : [];
  });
}

export function readProjectFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** After one of these a `/` starts a regular expression, not a division. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else))$/;

/**
 * TypeScript without comments and without what strings and regular expressions say: their quotes stay, code inside
 * `${…}` too. What is left is what runs.
 */
export function codeOnly(text: string): string {
  let code = '';
  let at = 0;
  /** Depth of `{` at which each open `${` ends. */
  const substitutions: number[] = [];
  let depth = 0;
  const skipTemplate = () => {
    while (at < text.length && text[at] !== '`') {
      if (text.startsWith('${', at)) {
        at += 2;
        code += '${';
        substitutions.push(depth);
        return;
      }
      at += text[at] === '\\' ? 2 : 1;
    }
    at++;
    code += '`';
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (text.startsWith('//', at)) {
      while (at < text.length && text[at] !== '\n') at++;
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      at = end < 0 ? text.length : end + 2;
    } else if (char === "'" || char === '"') {
      at++;
      while (at < text.length && text[at] !== char && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
      at++;
      code += char + char;
    } else if (char === '`') {
      at++;
      code += '`';
      skipTemplate();
    } else if (char === '}' && substitutions.at(-1) === depth) {
      substitutions.pop();
      at++;
      code += '}';
      skipTemplate();
    } else if (char === '/' && BEFORE_REGEXP.test(code.trimEnd().slice(-12))) {
      at++;
      for (let inClass = false; at < text.length && text[at] !== '\n'; at++) {
        if (text[at] === '\\') at++;
        else if (text[at] === '[') inClass = true;
        else if (text[at] === ']') inClass = false;
        else if (text[at] === '/' && !inClass) break;
      }
      at++;
      code += '/r/';
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      code += char;
      at++;
    }
  }
  return code;
}

/** What a TypeScript file imports or re-exports, as written: `node:path`, `../model/index.ts`. */
export function importsOf(text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...statements].map((match) => (match[1] ?? match[2]) as string);
}
