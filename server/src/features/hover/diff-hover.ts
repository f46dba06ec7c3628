import { diffRuleById } from '../../analysis/diff-rules/index.ts';
import type { Finding } from '../../analysis/rule.ts';
import { rulePage } from '../../analysis/rule-pages.ts';
import { plain } from './markdown.ts';

/** What the rules behind the findings at one place say; null when there are none. Markdown. */
export function diffHover(findings: readonly Finding[]): string | null {
  const rules = [...new Set(findings.map(({ rule }) => rule))].flatMap((id) => diffRuleById(id) ?? []);
  if (rules.length === 0) return null;
  return rules
    .map(({ id, summary, kernel }) => `**${plain(summary)}** ${plain(kernel)}\n\n[${id}](${rulePage(id)})`)
    .join('\n\n---\n\n');
}
