import type { TargetKernel } from '../analysis/rule.ts';
import { DEFAULT_KERNEL_VERSION } from '../kernel/version.ts';
import { learnTarget } from '../workspace/target-kernel.ts';
import { kernelOption } from './options.ts';
import { UsageError } from './usage.ts';

/** The options that say which kernel modules are for and name files that tell of it, for `readArguments`. */
export const KERNEL_OPTIONS = {
  'kernel-version': { type: 'string' },
  kallsyms: { type: 'string' },
  'filter-functions': { type: 'string' },
  'no-running-kernel': { type: 'boolean' },
} as const;

/** What `readArguments` made of KERNEL_OPTIONS. */
export interface KernelValues {
  readonly 'kernel-version'?: string | undefined;
  readonly kallsyms?: string | undefined;
  readonly 'filter-functions'?: string | undefined;
  readonly 'no-running-kernel'?: boolean | undefined;
}

/**
 * The target kernel and what is known of it.
 *
 * @param folder the bundle's
 * @throws UsageError with a line for each file that can't be used, or not all of it: who names a file wants it looked at
 */
export async function targetKernel(values: KernelValues, folder: string): Promise<TargetKernel> {
  const named = values['kernel-version'] ?? DEFAULT_KERNEL_VERSION;
  const version = kernelOption('--kernel-version', named);
  const { knowledge, problems } = await learnTarget({
    version,
    named,
    files: { kallsyms: values.kallsyms, filterFunctions: values['filter-functions'] },
    lookAround: !values['no-running-kernel'],
    folder,
  });
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return { version, knowledge };
}
