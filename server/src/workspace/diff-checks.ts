import { isKernelDiff } from '../../../shared/src/kernel-diff.ts';
import { checkDiff } from '../analysis/diff-rules/index.ts';
import { parseDiff } from '../analysis/diff-rules/parse-diff.ts';
import type { Finding, Severity } from '../analysis/rule.ts';
import { MAX_FILE_SIZE } from './file-source.ts';

export interface DiffOptions {
  /** Off: nothing is found in any diff. */
  readonly enabled: boolean;
  readonly severities: { readonly [rule: string]: 'off' | Severity };
}

interface OpenDiff {
  text: string;
  generation: number;
  findings: readonly Finding[] | null;
}

/**
 * The open diffs, and what the rules for diffs find in those of the kernel's source. Made when asked for and kept until the
 * text or the options change.
 */
export class DiffChecks {
  private readonly open = new Map<string, OpenDiff>();
  private options: DiffOptions = { enabled: true, severities: {} };

  setOptions(options: DiffOptions): void {
    this.options = options;
    for (const diff of this.open.values()) diff.findings = null;
  }

  didOpen(file: string, text: string): void {
    this.open.set(file, { text, generation: 0, findings: null });
  }

  didChange(file: string, text: string): void {
    const diff = this.open.get(file);
    if (diff) this.open.set(file, { text, generation: diff.generation + 1, findings: null });
  }

  didClose(file: string): void {
    this.open.delete(file);
  }

  has(file: string): boolean {
    return this.open.has(file);
  }

  /** Changes with every edit; null when it is not open. */
  generationOf(file: string): number | null {
    return this.open.get(file)?.generation ?? null;
  }

  /** Empty for what is not open, no diff of the kernel's source, or larger than other files that are read. */
  findingsIn(file: string): readonly Finding[] {
    const diff = this.open.get(file);
    if (!diff || !this.options.enabled) return [];
    diff.findings ??=
      diff.text.length <= MAX_FILE_SIZE && isKernelDiff(diff.text)
        ? checkDiff(parseDiff(file, diff.text), this.options.severities)
        : [];
    return diff.findings;
  }
}
