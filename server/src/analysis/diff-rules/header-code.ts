import type { SourceRange } from '../../../../shared/src/model/index.ts';
import { type DiffCode, type HunkCode, lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';
import type { CodeToken } from './hunk-code.ts';

export const rule: DiffRule = {
  id: 'diff-header-code',
  severity: 'information',
  severityReason: 'It may be meant: a tool that builds the whole kernel finds the copies in it.',
  summary: 'Changes a function or macro in a header.',
  kernel:
    'Every file that uses it has a copy of its own. Each of them has to be patched; modules that are not built with the diff keep the old copy.',
  evidence: 'documentation',
  check(code) {
    return code.files
      .filter(({ file }) => file.path.endsWith('.h'))
      .flatMap(({ hunks }) => hunks.flatMap((hunk) => [...functions(code, hunk), ...macros(code, hunk)]));
  },
};

function functions(code: DiffCode, hunk: HunkCode) {
  return hunk.changed.flatMap(({ scope, line }) =>
    scope.kind === 'function' ? [finding(lineRange(code, line), `${scope.name}()`)] : [],
  );
}

/** Macros that are defined before and after, and say something else. */
function macros(code: DiffCode, hunk: HunkCode) {
  const before = definitions(hunk.old);
  return [...definitions(hunk.new)].flatMap(([name, after]) => {
    const old = before.get(name);
    if (!old || spelled(old) === spelled(after)) return [];
    const from = Math.min(old.line.start, after.line.start);
    const line = hunk.hunk.lines.find(({ kind, start }) => kind !== 'context' && start >= from);
    return line ? [finding(lineRange(code, line), name)] : [];
  });
}

function definitions(code: readonly CodeToken[]): Map<string, CodeToken> {
  return new Map(
    code.flatMap((each) => {
      const name = each.token.kind === 'directive' ? /^#[ \t]*define[ \t]+(\w+)/.exec(each.token.text)?.[1] : undefined;
      return name === undefined ? [] : [[name, each] as const];
    }),
  );
}

function spelled({ token }: CodeToken): string {
  return token.text.replace(/[\s\\]+/g, ' ').trim();
}

function finding(range: SourceRange, what: string) {
  return {
    range,
    message: `${what} is in a header. Every file that uses it has a copy, and all of them have to be patched.`,
  };
}
