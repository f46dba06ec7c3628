import type { BuiltModule } from './build-modules.ts';
import type { PlanResult } from './guest-report.ts';
import { findTroubles, type Trouble } from './kernel-log.ts';

/** What became of one module: built, loaded, disabled and unloaded on a real kernel. */
export interface LoadVerdict {
  readonly outcome: /** kbuild stopped. */
    | 'build-error'
    /** insmod failed, and nothing worse happened. */
    | 'rejected'
    /** Oops, panic, lockup, hang, or a guest that was lost. */
    | 'crash'
    /** insmod succeeded, but no patch or not every object in memory is patched when the transition is over. */
    | 'ignored'
    /** The transition did not end, or disabling or unloading failed. */
    | 'stuck'
    /** Patched, unpatched and unloaded, with a WARNING of the kernel about itself. */
    | 'warned'
    /** Patched, unpatched and unloaded without a word. */
    | 'clean';
  /** `EINVAL`; null unless insmod failed. */
  readonly errno: string | null;
  /** For people: what shows the outcome. */
  readonly because: string;
  /** The whole kernel log of the experiment; what kbuild printed for a build error. */
  readonly log: readonly string[];
}

/** Where each part of the experiment stands among its steps; see loadSteps(). */
export const LOAD_STEPS = { insmod: 0, settled: 1, used: 5, disable: 6, disabled: 7, rmmod: 8 } as const;

/**
 * Judges a module by what a guest did with the steps of loadSteps().
 *
 * @param module the module's name, which its sysfs directory has
 * @param built null when it was not built by us
 */
export function loadVerdict(module: string, built: BuiltModule | null, result: PlanResult | null): LoadVerdict {
  if (built?.ok === false) {
    const log = built.errors.split('\n');
    return { outcome: 'build-error', errno: null, because: log[0] ?? '', log };
  }
  if (!result) throw new Error(`${module} was neither refused by kbuild nor loaded`);
  const log = result.log.map((line) => line.text);
  const verdict = (outcome: LoadVerdict['outcome'], because: string, errno: string | null = null): LoadVerdict => ({
    outcome,
    errno,
    because,
    log,
  });
  const troubles = findTroubles(result.log);
  const fatal = troubles.find((trouble) => trouble.kind !== 'warning');
  if (fatal) return verdict('crash', fatal.text);
  if (result.outcome !== 'finished') return verdict('crash', `the guest ${result.outcome}`);

  const errno = (step: keyof typeof LOAD_STEPS) => result.steps[LOAD_STEPS[step]]?.errno ?? null;
  const insmod = errno('insmod');
  if (insmod !== 0) return verdict('rejected', `insmod: ${errnoName(insmod ?? 0)}`, errnoName(insmod ?? 0));
  if (errno('settled') !== 0)
    return verdict('stuck', `the transition did not end: ${errnoName(errno('settled') ?? 0)}`);
  const unpatched = whatIsNotPatched(module, result);
  if (unpatched) return verdict('ignored', unpatched);
  if (errno('disable') !== 0) return verdict('stuck', `disabling: ${errnoName(errno('disable') ?? 0)}`);
  if (errno('disabled') !== 0) return verdict('stuck', 'the transition to unpatched did not end');
  if (errno('rmmod') !== 0) return verdict('stuck', `rmmod: ${errnoName(errno('rmmod') ?? 0)}`);
  const warning = troubles.find((trouble: Trouble) => trouble.kind === 'warning');
  return warning ? verdict('warned', warning.text) : verdict('clean', 'patched, unpatched, unloaded');
}

/** Says what the sysfs tree shows unpatched when the transition is over; null when all is patched. */
function whatIsNotPatched(module: string, result: PlanResult): string | null {
  const settledAt = result.steps[LOAD_STEPS.used]?.startedAt ?? 0;
  const tree = result.sysfs.filter((snapshot) => snapshot.at <= settledAt).at(-1)?.tree ?? {};
  if (!(module in tree)) return 'no patch in sysfs';
  const objects = Object.entries(tree).filter(([path]) => path.startsWith(`${module}/`) && path.endsWith('/patched'));
  const idle = objects.filter(([, value]) => value !== '1').map(([path]) => path.split('/')[1]);
  return idle.length > 0 ? `not patched: ${idle.join(', ')}` : null;
}

/** Symbolic names of what system calls return here. */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  8: 'ENOEXEC',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  19: 'ENODEV',
  22: 'EINVAL',
  28: 'ENOSPC',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
};

/** `EINVAL` for -22 or 22; the number itself when it has no name here. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[Math.abs(errno)] ?? String(errno);
}
