import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { type KernelFiles, loadKernel } from '../workspace/kernel-files.ts';
import { UsageError } from './usage.ts';

/** The options that name files about the target kernel, for `readArguments`. */
export const KERNEL_FILE_OPTIONS = {
  kallsyms: { type: 'string' },
  'filter-functions': { type: 'string' },
} as const;

/** What `readArguments` made of KERNEL_FILE_OPTIONS. */
export interface KernelFileValues {
  readonly kallsyms?: string | undefined;
  readonly 'filter-functions'?: string | undefined;
}

/**
 * What the named files tell of the target kernel; null when none is named.
 *
 * @throws UsageError with a line for each file that can't be used, or not all of it: who names a file wants it looked at
 */
export async function knowledgeOf(values: KernelFileValues): Promise<KernelKnowledge | null> {
  const files: KernelFiles = { kallsyms: values.kallsyms, filterFunctions: values['filter-functions'] };
  const { knowledge, problems } = await loadKernel(files);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return knowledge;
}
