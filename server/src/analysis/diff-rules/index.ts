import type { Finding, Severity } from '../rule.ts';
import { rule as configuration } from './configuration.ts';
import { rule as dataOnly } from './data-only.ts';
import { readDiffCode } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';
import { rule as enumValues } from './enum-values.ts';
import { rule as exportedSymbol } from './exported-symbol.ts';
import { rule as headerCode } from './header-code.ts';
import { rule as initCode } from './init-code.ts';
import { rule as initcall } from './initcall.ts';
import { rule as jumpLabel } from './jump-label.ts';
import type { Diff } from './parse-diff.ts';
import { rule as refusedFile } from './refused-file.ts';
import { rule as staticLocal } from './static-local.ts';
import { rule as structureMembers } from './structure-members.ts';

export const DIFF_RULES: readonly DiffRule[] = [
  structureMembers,
  enumValues,
  initCode,
  initcall,
  headerCode,
  refusedFile,
  dataOnly,
  staticLocal,
  exportedSymbol,
  jumpLabel,
  configuration,
];

const BY_ID = new Map(DIFF_RULES.map((rule) => [rule.id, rule]));

export function diffRuleById(id: string): DiffRule | undefined {
  return BY_ID.get(id);
}

/**
 * What a diff that klp-build or kpatch-build is to make a livepatch of does that they or the kernel do not take, in the
 * order of the diff.
 *
 * @param severities what the user wants instead of a rule's own severity, by rule id
 */
export function checkDiff(diff: Diff, severities: { readonly [rule: string]: 'off' | Severity } = {}): Finding[] {
  const code = readDiffCode(diff);
  return DIFF_RULES.flatMap((rule) => {
    const severity = (Object.hasOwn(severities, rule.id) ? severities[rule.id] : undefined) ?? rule.severity;
    if (severity === 'off') return [];
    return rule.check(code).map((found) => ({ ...found, rule: rule.id, severity, kernel: rule.kernel }));
  }).toSorted((a, b) => a.range.start - b.range.start);
}
