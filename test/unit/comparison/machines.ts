import { type CompareOptions, compareModels } from '../../../shared/src/comparison/compare.ts';
import type { Guarantee, ModelChoice } from '../../../shared/src/comparison/comparison-types.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { asleep, FOREVER, kthread, machine, patch, task } from '../simulator/support.ts';

/** What the comparison's tests are written with. */

export const MS = 1000;

/** The patch of all these tests replaces f() and g(). */
export const PATCH: PatchImage = patch('lp', { vmlinux: ['f', 'g'] });

export const init = asleep('init', ['do_epoll_wait', '__x64_sys_epoll_wait']);
/** Sleeps in the patched f() for ever, where signals reach it. */
export const inF = asleep('reader', ['f', 'ksys_read']);
/** Sleeps in f() where nothing reaches it. */
export const stuckInF = asleep('stuck', ['f', 'ksys_read'], { state: 'uninterruptible' });
/** An NFS server is gone: no signal ends this wait, and f() is not on its stack. */
export const nfs = asleep('nfs', ['folio_wait_bit_common', 'do_fsync'], { state: 'uninterruptible', syscall: 'fsync' });
export const stopped = asleep('stopped', ['do_signal_stop'], { state: 'stopped' });
export const traced = asleep('traced', ['ptrace_stop'], { state: 'traced' });
/** Computes for ever on a CPU without a tick. */
export const hpc = task('hpc', [{ do: 'user', for: FOREVER }], { cpus: [1] });
export const worker = kthread('kworker', ['worker_thread'], { state: 'idle' });
export const stuckThread = kthread('xfsaild', ['xfs_buf_iowait'], { state: 'uninterruptible' });

/** Two CPUs, of which the second has no tick. */
export const box = (...tasks: Workload['tasks']): Workload => machine(tasks, { cpus: 2, nohzFullCpus: [1] });

/** One model's row. */
export function rowOf(
  model: string,
  workload: Workload,
  choice: Omit<ModelChoice, 'model'> = {},
  more: Partial<CompareOptions> & { readonly image?: PatchImage } = {},
) {
  const { image = PATCH, ...options } = more;
  const comparison = compareModels(image, {
    workload,
    kernel: '6.12',
    seeds: [1],
    choices: [{ model, ...choice }],
    ...options,
  });
  const [row] = comparison.rows;
  if (row === undefined) throw new Error('there is no row');
  return row;
}

/** What each promise came to: `{ function: 'kept', … }`. */
export function promises(row: ReturnType<typeof rowOf>): { [id in Guarantee['id']]: string } {
  const of = (id: Guarantee['id']): string => row.guarantees.find((each) => each.id === id)?.holds ?? 'not told';
  return { function: of('function'), 'system-call': of('system-call'), kernel: of('kernel') };
}

/** The time at which a task of that name went over. */
export function switchOf(row: ReturnType<typeof rowOf>, comm: string): number | null | undefined {
  return row.taskSwitches.find((each) => each.comm === comm)?.at;
}
