import type { SourceRange } from '../../../../shared/src/model/index.ts';
import { type CodeToken, hunkCode, type Scope } from './hunk-code.ts';
import type { Diff, DiffFile, DiffHunk, DiffLine, DiffSpan } from './parse-diff.ts';

/** A diff with the code of its hunks read. */
export interface DiffCode {
  readonly diff: Diff;
  readonly files: readonly FileCode[];
}

export interface FileCode {
  readonly file: DiffFile;
  /** In C files and headers; empty in others. */
  readonly hunks: readonly HunkCode[];
}

export interface HunkCode {
  readonly hunk: DiffHunk;
  readonly old: readonly CodeToken[];
  readonly new: readonly CodeToken[];
  /** The functions, types and variables that are changed. */
  readonly changed: readonly ChangedScope[];
}

/** Something that is there before the change and whose code is another one afterwards. */
export interface ChangedScope {
  readonly scope: Scope;
  /** The first line that was added or removed in it. */
  readonly line: DiffLine;
  /** What stands in it, as far as the hunk shows it: without its declaration. */
  readonly old: readonly CodeToken[];
  readonly new: readonly CodeToken[];
}

export function readDiffCode(diff: Diff): DiffCode {
  const files = diff.files.map((file) => ({
    file,
    hunks: /\.[ch]$/.test(file.path) ? readHunks(file.hunks) : [],
  }));
  return { diff, files };
}

/**
 * A hunk's heading is a line of the file before the change. When an earlier hunk takes that line away, the function may have
 * another name or other attributes afterwards, and the heading says nothing of what the hunk adds.
 */
function readHunks(hunks: readonly DiffHunk[]): HunkCode[] {
  const gone = new Set<string>();
  const declared = new Set<string>();
  return hunks.map((hunk) => {
    const isValid = !gone.has(headingKey(hunk.heading)) || declared.has(nameAndSection(hunk.heading));
    for (const { kind, text } of hunk.lines) {
      if (kind === 'context' || !/^[A-Za-z_$]/.test(text)) continue;
      if (kind === 'removed') gone.add(headingKey(text));
      else declared.add(nameAndSection(text));
    }
    return readHunkCode(isValid ? hunk : { ...hunk, heading: '' });
  });
}

/** git cuts headings off at 80 bytes, and blanks at their ends. */
function headingKey(text: string): string {
  return text.slice(0, 80).trim();
}

/** What stays the same of a function's first line when only its parameters change. */
function nameAndSection(text: string): string {
  const name = /(\w+)\s*\(/.exec(text)?.[1];
  return name === undefined ? headingKey(text) : `${/\b__(?:init|exit)\b/.exec(text)?.[0] ?? ''} ${name}`;
}

function readHunkCode(hunk: DiffHunk): HunkCode {
  const [before, after] = [hunkCode(hunk, 'old'), hunkCode(hunk, 'new')];
  return { hunk, old: before, new: after, changed: changedScopes(hunk, before, after) };
}

/**
 * The functions, types and variables that a hunk changes. What it adds or takes away whole is not among them, nor what has
 * other comments or line breaks only.
 */
function changedScopes(hunk: DiffHunk, before: readonly CodeToken[], after: readonly CodeToken[]): ChangedScope[] {
  const position = new Map(hunk.lines.map((line, index) => [line, index]));
  const key = ({ kind, name, opened }: Scope) =>
    name === '' ? `${kind} ${opened && position.get(opened)}` : `${kind} ${name}`;
  const [oldScopes, newScopes] = [byScope(before, key), byScope(after, key)];
  return [...new Set([...oldScopes.keys(), ...newScopes.keys()])].flatMap((each) => {
    const [was, is] = [oldScopes.get(each) ?? [], newScopes.get(each) ?? []];
    const scope = (was[0] ?? is[0])?.scope;
    if (!scope) return [];
    const stays = (was.length > 0 && is.length > 0) || scope.opened === null || scope.opened.kind === 'context';
    const [oldBody, newBody] = [was.filter(({ head }) => !head), is.filter(({ head }) => !head)];
    if (!stays || spelled(oldBody) === spelled(newBody)) return [];
    const line = firstLine([...oldBody, ...newBody]);
    return line === null ? [] : [{ scope, line, old: oldBody, new: newBody }];
  });
}

/** Tokens of lines that are added or removed. */
export function changedTokens(code: readonly CodeToken[]): CodeToken[] {
  return code.filter(({ line }) => line.kind !== 'context');
}

/** Where a changed line's code stands. */
export function lineRange({ diff }: DiffCode, line: DiffLine): SourceRange {
  const blanks = line.text.length - line.text.trimStart().length;
  return spanRange(diff, { start: line.start + blanks, end: line.start + line.text.trimEnd().length });
}

/** A span as a place in the diff's file. */
export function spanRange(diff: Diff, { start, end }: DiffSpan): SourceRange {
  return { file: diff.file, start, end: Math.max(start, end) };
}

function byScope(code: readonly CodeToken[], key: (scope: Scope) => string): Map<string, CodeToken[]> {
  const keys = new Map<Scope, string>();
  const scopes = new Map<string, CodeToken[]>();
  for (const token of code) {
    if (!token.scope) continue;
    const name = keys.get(token.scope) ?? key(token.scope);
    keys.set(token.scope, name);
    const tokens = scopes.get(name) ?? [];
    scopes.set(name, tokens);
    tokens.push(token);
  }
  return scopes;
}

function spelled(code: readonly CodeToken[]): string {
  return code.map(({ token }) => token.text).join(' ');
}

function firstLine(code: readonly CodeToken[]): DiffLine | null {
  let first: DiffLine | null = null;
  for (const { line } of code) {
    if (line.kind !== 'context' && (first === null || line.start < first.start)) first = line;
  }
  return first;
}
