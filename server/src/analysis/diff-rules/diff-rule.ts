import type { Consequence, RuleFinding, Severity } from '../rule.ts';
import type { DiffCode } from './diff-code.ts';

/**
 * A mistake in a diff of the kernel's source that a tool is to make a livepatch of. It is at most a warning: what the tool
 * makes of the diff was not loaded. Lines of context are never reported.
 */
export interface DiffRule {
  /** kebab-case, with `diff-` in front. */
  readonly id: string;
  readonly severity: Exclude<Severity, 'error'>;
  /** Why this severity and no other, in a sentence. */
  readonly severityReason: string;
  /** One line, for people. */
  readonly summary: string;
  /** What the kernel or the tool does. */
  readonly kernel: string;
  readonly evidence: Consequence['evidence'];
  /** Never throws. What the diff doesn't show is no finding. */
  check(code: DiffCode): readonly Omit<RuleFinding, 'fixes'>[];
}
