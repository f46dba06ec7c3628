import { isAttributeName } from '../kernel-macros.ts';
import { type DiffCode, type HunkCode, lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';
import type { CodeToken } from './hunk-code.ts';

export const rule: DiffRule = {
  id: 'diff-static-local',
  severity: 'information',
  severityReason: 'A new variable that starts anew with each patch is often good enough.',
  summary: 'Adds or changes a static variable in a function.',
  kernel:
    'A new static variable is in the livepatch module: each patch that is loaded has its own, with the first value. One that the kernel has already is not initialised again.',
  evidence: 'documentation',
  check(code) {
    return code.files.flatMap(({ hunks }) => hunks.flatMap((hunk) => findings(code, hunk)));
  },
};

function findings(code: DiffCode, hunk: HunkCode) {
  const before = new Set(statics(hunk.old).map(({ scope, name }) => `${scope} ${name}`));
  return statics(hunk.new).flatMap(({ first, scope, name, initialised }) => {
    if (first.line.kind !== 'added') return [];
    const known = before.has(`${scope} ${name}`);
    // One that the function begins with may stand outside of the hunk.
    if (known && !initialised) return [];
    const message = known
      ? `The static variable ${name} of ${scope}() changes. The kernel's own is not initialised again.`
      : `The static variable ${name} of ${scope}() is new. Each livepatch that is loaded has its own, with the first value.`;
    return [{ range: lineRange(code, first.line), message }];
  });
}

/** Static variables in functions, constants excepted. */
function statics(code: readonly CodeToken[]) {
  return code.flatMap((first, index) => {
    const { token, scope, head } = first;
    if (token.text !== 'static' || !token.firstOnLine || scope?.kind !== 'function' || head) return [];
    const rest = code.slice(index, index + 40).map((each) => each.token.text);
    const end = rest.findIndex((text) => /^[=;,[(]$/.test(text));
    const declaration = rest.slice(0, end).filter((text) => !isAttributeName(text));
    const name = declaration.at(-1) ?? '';
    if (declaration.length < 2 || rest[end] === '(' || declaration.includes('const') || !/^[A-Za-z_]\w*$/.test(name))
      return [];
    const statement = rest.slice(0, Math.max(end, rest.indexOf(';')));
    return [{ first, scope: scope.name, name, initialised: statement.includes('=') }];
  });
}
