import { REPLACE_POLICIES } from './replace/index.ts';
import type { ReplacePolicy } from './replace/policy.ts';
import { released } from './replace/released.ts';

/**
 * What differs between kernel versions, in one table. Read in kernel/livepatch of Debian's 6.1 and 6.12 sources and seen
 * on their kernels; rows of other versions are taken from upstream's history and marked unverified.
 */
export interface KernelTraits {
  /** As it was asked for: `6.12`, `6.1`, `6.12+replaceable`, `6.12+replace-set`. */
  readonly kernel: string;
  /** Whether this project compared it with a real kernel of that version. */
  readonly verified: boolean;
  /** cond_resched() lets a running task switch itself while a transition is on (6.4 to 6.15). */
  readonly condReschedSwitches: boolean;
  /** A task looks at its own stack before it sleeps in TASK_FREEZABLE (since 6.16, instead of cond_resched()). */
  readonly freezableSleepSwitches: boolean;
  /** `replace` in a patch's sysfs directory (since 6.11). */
  readonly sysfsReplace: boolean;
  /** `stack_order` there (since 6.14). */
  readonly sysfsStackOrder: boolean;
  /** What livepatch relocations wrote for a module is taken back when that module goes (since 6.3). */
  readonly clearsRelocations: boolean;
  /** How arch/x86/kernel/module.c begins its complaint about a place that is written already. */
  readonly relocationComplaint: string;
  /** A replacement that is no code is refused: kallsyms knows no size of it. Seen on 6.12 and not on 6.1. */
  readonly refusesDataReplacements: boolean;
  /** lib/kobject.c puts `kobject: ` before its messages. */
  readonly kobjectPrefix: string;
  /** The outermost frame of an idle task's stack on x86-64. */
  readonly startupFrame: string;
  /** Frames between signal handling and the system call's entry, innermost first. */
  readonly syscallExitFrames: readonly string[];
  /** What a new patch does with the loaded ones: as in released kernels, or as in a proposal. */
  readonly replacePolicy: ReplacePolicy;
  /** For people: what was assumed because this version is not one of those compared. */
  readonly assumptions: readonly string[];
}

interface Row {
  /** First version it holds for: major * 1000 + minor. */
  readonly since: number;
  /** Where it is documented, when this project has not seen it on a kernel that has it: said of each run that relies on it. */
  readonly unverified?: string;
  readonly traits: Partial<Omit<KernelTraits, 'kernel' | 'verified' | 'assumptions'>>;
}

/** Oldest first; a later row changes what the earlier ones say. */
const ROWS: readonly Row[] = [
  {
    since: 6001,
    traits: {
      condReschedSwitches: false,
      freezableSleepSwitches: false,
      sysfsReplace: false,
      sysfsStackOrder: false,
      clearsRelocations: false,
      relocationComplaint: 'Skipping invalid relocation target',
      refusesDataReplacements: false,
      kobjectPrefix: '',
      startupFrame: 'secondary_startup_64_no_verify',
      syscallExitFrames: ['exit_to_user_mode_prepare', 'syscall_exit_to_user_mode'],
      replacePolicy: released,
    },
  },
  { since: 6003, traits: { clearsRelocations: true, relocationComplaint: 'Invalid relocation target' } },
  { since: 6004, traits: { condReschedSwitches: true } },
  { since: 6009, traits: { startupFrame: 'common_startup_64' } },
  { since: 6011, traits: { sysfsReplace: true, kobjectPrefix: 'kobject: ' } },
  { since: 6012, traits: { syscallExitFrames: ['syscall_exit_to_user_mode'], refusesDataReplacements: true } },
  {
    since: 6014,
    unverified: 'stack_order stands in sysfs since 6.14 (Documentation/ABI/testing/sysfs-kernel-livepatch).',
    traits: { sysfsStackOrder: true },
  },
  {
    since: 6016,
    unverified:
      'Since 6.16 tasks look at their own stacks before freezable sleeps and not in cond_resched() (commit 676e8cf70cb0).',
    traits: { condReschedSwitches: false, freezableSleepSwitches: true },
  },
];

const VERIFIED: ReadonlySet<number> = new Set([6001, 6012]);
const OLDEST = 6001;

/**
 * The traits of a kernel named `MAJOR.MINOR`, `MAJOR.MINOR.PATCH…` or either with `+` and the id of a proposed replace
 * policy. A name that can't be read, and a version before 6.1, get the nearest known one and say so in `assumptions`.
 */
export function kernelTraits(kernel: string): KernelTraits {
  const match = /^(\d+)\.(\d+)/.exec(kernel);
  const suffix = /\+([a-z-]+)/.exec(kernel)?.[1];
  const proposed = REPLACE_POLICIES.find((policy) => !policy.released && policy.id === suffix);
  const assumptions: string[] = [];
  const asked = match === null ? 6012 : Number(match[1]) * 1000 + Number(match[2]);
  if (match === null) assumptions.push(`Kernel version '${kernel}' can't be read; 6.12 is simulated.`);
  const version = Math.max(asked, OLDEST);
  if (asked < OLDEST) assumptions.push(`Kernel ${kernel} is simulated as 6.1: older versions are not described.`);
  if (!VERIFIED.has(version)) {
    assumptions.push(
      `Kernel ${kernel} was not compared with a real one; its differences are taken from upstream's history.`,
    );
  }
  if (proposed !== undefined) {
    assumptions.push(`'${proposed.title}' was never merged; it is simulated as proposed.`);
  } else if (suffix?.startsWith('replace') === true) {
    const known = REPLACE_POLICIES.flatMap(({ id, released }) => (released ? [] : [id])).join(', ');
    assumptions.push(`There is no proposal '${suffix}'; the kernel is simulated without it. Known are ${known}.`);
  }
  const traits = {};
  for (const row of ROWS) {
    if (row.since > version) continue;
    Object.assign(traits, row.traits);
    if (row.unverified !== undefined) assumptions.push(row.unverified);
  }
  return {
    ...(traits as Required<Row['traits']>),
    ...(proposed === undefined ? {} : { replacePolicy: proposed }),
    kernel,
    verified: match !== null && VERIFIED.has(asked) && proposed === undefined,
    assumptions,
  };
}
