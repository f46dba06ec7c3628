import { basename, dirname } from 'node:path';
import { checkDiff } from '../analysis/diff-rules/index.ts';
import { parseDiff } from '../analysis/diff-rules/parse-diff.ts';
import type { Severity } from '../analysis/rule.ts';
import { DiskFiles } from '../workspace/file-source.ts';
import type { ReportedFile } from './check-report.ts';

/** Whether a file that the user names is a diff for klp-build or kpatch-build. */
export function isDiffName(path: string): boolean {
  return /\.(?:patch|diff)$/i.test(basename(path));
}

export interface CheckedDiffs {
  readonly reported: readonly ReportedFile[];
  /** How many could be read. */
  readonly read: number;
}

/**
 * Checks diffs. Those that cannot be read, or in which no diff is, are told to `complain`.
 *
 * @param files absolute path to the name that the user knows
 */
export async function checkDiffs(
  files: ReadonlyMap<string, string>,
  severities: { readonly [rule: string]: 'off' | Severity },
  complain: (message: string) => void,
): Promise<CheckedDiffs> {
  const disk = new DiskFiles([...new Set([...files.keys()].map((path) => dirname(path)))]);
  const reported: ReportedFile[] = [];
  for (const [path, name] of files) {
    const text = await disk.read(path);
    const diff = text === null ? null : parseDiff(path, text);
    if (text === null || diff === null) {
      complain(`${name}: it can't be read: no ordinary file, no permission, or larger than 1 MB`);
    } else if (diff.files.length === 0) complain(`${name}: there is no unified diff in it`);
    else reported.push({ name, text, findings: checkDiff(diff, severities) });
  }
  return { reported, read: reported.length };
}
