import { DIFF_RULES } from './diff-rules/index.ts';
import { RULES } from './rules/index.ts';

const PAGES = 'https://github.com/kernel-livepatch/kernel-livepatch/blob/main/docs';
const WITH_PAGE = new Set(RULES.map((rule) => rule.id));
const OF_DIFFS = new Set(DIFF_RULES.map((rule) => rule.id));

/** Address of the page that explains a rule; null for findings that no rule stands behind. */
export function rulePage(rule: string): string | null {
  if (OF_DIFFS.has(rule)) return `${PAGES}/diffs.md`;
  return WITH_PAGE.has(rule) ? `${PAGES}/rules/${rule}.md` : null;
}
