import { RULES } from './rules/index.ts';

const PAGES = 'https://github.com/kernel-livepatch/kernel-livepatch/blob/main/docs/rules';
const WITH_PAGE = new Set(RULES.map((rule) => rule.id));

/** Address of the page that explains a rule; null for findings that no rule stands behind. */
export function rulePage(rule: string): string | null {
  return WITH_PAGE.has(rule) ? `${PAGES}/${rule}.md` : null;
}
