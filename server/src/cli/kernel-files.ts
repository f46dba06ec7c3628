import type { TargetKernel } from '../analysis/rule.ts';
import { DEFAULT_KERNEL_VERSION } from '../kernel/version.ts';
import { learnTarget } from '../workspace/target-kernel.ts';
import { kernelOption } from './options.ts';

/** The options that say which kernel modules are for and name files that tell of it, for `readArguments`. */
export const KERNEL_OPTIONS = {
  'kernel-version': { type: 'string' },
  kallsyms: { type: 'string' },
  'filter-functions': { type: 'string' },
  'system-map': { type: 'string' },
  vmlinux: { type: 'string' },
  btf: { type: 'string', multiple: true },
  modules: { type: 'string', multiple: true },
  symvers: { type: 'string', multiple: true },
  'kernel-source': { type: 'string' },
  'no-running-kernel': { type: 'boolean' },
} as const;

/** What `readArguments` made of KERNEL_OPTIONS. */
export interface KernelValues {
  readonly 'kernel-version'?: string | undefined;
  readonly kallsyms?: string | undefined;
  readonly 'filter-functions'?: string | undefined;
  readonly 'system-map'?: string | undefined;
  readonly vmlinux?: string | undefined;
  readonly btf?: readonly string[] | undefined;
  readonly modules?: readonly string[] | undefined;
  readonly symvers?: readonly string[] | undefined;
  readonly 'kernel-source'?: string | undefined;
  readonly 'no-running-kernel'?: boolean | undefined;
}

/** The target kernel of one run of the command line. */
export interface CommandTarget {
  kernel(): TargetKernel;
  /**
   * Reads what files tell of these modules. Resolves to whether something was learned.
   *
   * @throws Error with a line for each file that can't be used
   */
  want(modules: Iterable<string>): Promise<boolean>;
}

/**
 * Learns about the target kernel.
 *
 * @param folder the bundle's
 * @throws Error with a line for each file that can't be used, or not all of it: who names a file wants it looked at
 */
export async function targetKernel(values: KernelValues, folder: string): Promise<CommandTarget> {
  const named = values['kernel-version'] ?? DEFAULT_KERNEL_VERSION;
  const version = kernelOption('--kernel-version', named);
  const target = await learnTarget({
    version,
    named,
    files: {
      kallsyms: values.kallsyms,
      filterFunctions: values['filter-functions'],
      systemMap: values['system-map'],
      vmlinux: values.vmlinux,
      btf: values.btf,
      modules: values.modules,
      symvers: values.symvers,
      source: values['kernel-source'],
    },
    lookAround: !values['no-running-kernel'],
    folder,
  });
  const refuseProblems = () => {
    if (target.problems.length > 0) throw new Error(target.problems.join('\n'));
  };
  refuseProblems();
  return {
    kernel: () => ({ version, knowledge: target.knowledge }),
    async want(modules) {
      const learned = await target.want(modules);
      refuseProblems();
      return learned;
    },
  };
}
