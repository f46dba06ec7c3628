import type { LivepatchModule, SourceRange, Suppression } from '../../../shared/src/model/index.ts';
import { rememberedKnowledge } from '../kernel/remembered-knowledge.ts';
import { compareVersions } from '../kernel/version.ts';
import { closestName } from './closest-name.ts';
import { diffRuleById } from './diff-rules/index.ts';
import type { Finding, KernelVersion, Rule, Severity, TargetKernel } from './rule.ts';
import { RULES } from './rules/index.ts';

export interface CheckOptions {
  /** The kernel that the module is for. */
  readonly kernel: TargetKernel;
  /** What the user wants instead of a rule's own severity, by rule id. */
  readonly severities: { readonly [rule: string]: 'off' | Severity };
  /** Told of every rule that threw; such a rule has no findings, the others do. */
  readonly onError?: (rule: string, error: unknown) => void;
  /** The rules to run: all of them unless told. */
  readonly rules?: readonly Rule[];
}

/** The engine's own finding: a setting or a `livepatch-ignore` names a rule that does not exist. */
export const UNKNOWN_RULE_ID = 'unknown-rule-id';

/**
 * Runs the rules on a module. A module that has nothing to do with livepatch has no findings.
 *
 * The findings are sorted by file (in the module's order) and position; none is there twice. Those on a line that a
 * `// livepatch-ignore RULE: reason` silences are left out.
 */
export function checkModule(module: LivepatchModule, options: CheckOptions): Finding[] {
  if (module.role === 'none') return [];
  const rules = options.rules ?? RULES;
  const { version, knowledge } = options.kernel;
  const kernel: TargetKernel = { ...options.kernel, knowledge: knowledge && rememberedKnowledge(knowledge) };
  const findings = [
    ...rules.filter((rule) => appliesTo(rule, version)).flatMap((rule) => findingsOf(rule, module, kernel, options)),
    ...unknownRuleIds(module, rules, options.severities),
  ].filter((finding) => !isSuppressed(finding, module.suppressions));
  return withoutRepeats(sorted(findings, module));
}

/** Whether a rule says anything for this kernel: `since` is included, `until` is not. */
export function appliesTo(rule: Rule, version: KernelVersion): boolean {
  if (rule.since && compareVersions(version, rule.since) < 0) return false;
  return !(rule.until && compareVersions(version, rule.until) >= 0);
}

function findingsOf(rule: Rule, module: LivepatchModule, kernel: TargetKernel, options: CheckOptions): Finding[] {
  const severity = severityFor(rule.id, rule.severity, options.severities);
  if (severity === 'off') return [];
  try {
    return rule.check(module, kernel).map((found) => ({
      ...found,
      rule: rule.id,
      severity: found.severity === undefined ? severity : milder(severity, found.severity),
      kernel: rule.kernel.text,
    }));
  } catch (error) {
    options.onError?.(rule.id, error);
    return [];
  }
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'information', 'hint'];

function milder(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b) ? a : b;
}

function severityFor(id: string, own: Severity, wanted: CheckOptions['severities']): 'off' | Severity {
  return (Object.hasOwn(wanted, id) ? wanted[id] : undefined) ?? own;
}

function unknownRuleIds(
  module: LivepatchModule,
  rules: readonly Rule[],
  severities: CheckOptions['severities'],
): Finding[] {
  const severity = severityFor(UNKNOWN_RULE_ID, 'information', severities);
  if (severity === 'off') return [];
  const ids = [...rules.map((rule) => rule.id), UNKNOWN_RULE_ID];
  const known = new Set(ids);
  const report = (id: string, range: SourceRange, where: string): Finding => {
    const near = closestName(id, ids);
    const hint = near === null ? '' : ` Did you mean "${near}"?`;
    return {
      rule: UNKNOWN_RULE_ID,
      severity,
      range,
      message: `There is no rule "${id}", so this ${where} has no effect.${hint}`,
      kernel: 'The kernel has no part in it: nothing is switched off.',
    };
  };
  const first = module.files[0];
  const inSettings = first
    ? Object.keys(severities)
        .filter((id) => !known.has(id) && !diffRuleById(id))
        .map((id) => report(id, { file: first.file, start: 0, end: 0 }, 'setting'))
    : [];
  const inComments = module.suppressions.flatMap((suppression) =>
    suppression.rules.filter((id) => !known.has(id)).map((id) => report(id, suppression.range, 'comment')),
  );
  return [...inSettings, ...inComments];
}

function isSuppressed(finding: Finding, suppressions: readonly Suppression[]): boolean {
  return suppressions.some(
    ({ rules, line }) =>
      line.file === finding.range.file &&
      line.start <= finding.range.start &&
      finding.range.start <= line.end &&
      // A comment that silences everything must not hide that it is itself misspelt.
      (rules.includes(finding.rule) || (rules.length === 0 && finding.rule !== UNKNOWN_RULE_ID)),
  );
}

function sorted(findings: readonly Finding[], module: LivepatchModule): Finding[] {
  const order = new Map(module.files.map(({ file }, index) => [file, index]));
  const place = (finding: Finding) => order.get(finding.range.file) ?? order.size;
  return findings.toSorted(
    (a, b) =>
      place(a) - place(b) ||
      a.range.start - b.range.start ||
      a.range.end - b.range.end ||
      (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0),
  );
}

function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ rule, range, message }) => {
    const key = JSON.stringify([rule, range.file, range.start, range.end, message]);
    return !seen.has(key) && seen.add(key);
  });
}
