import { describe, expect, it } from 'vitest';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Blocker } from '../../../shared/src/simulator/forecast-types.ts';
import type { Action } from '../../../shared/src/simulator/step.ts';
import type { Phase, TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { asleep, at, FOREVER, kthread, load, machine, patch, play, SECOND, task } from './support.ts';

/**
 * What is advised against each cause. Where the advice is to do something, the simulator does it and has to agree: on 6.1
 * and 6.12, whose kernels the simulator was compared with.
 */

const LP = (...functions: string[]): PatchImage => patch('lp', { vmlinux: functions });

const over = (workload: Workload, image: PatchImage, kernel = '6.12') =>
  forecast(image, { kernel, workload, seeds: 5 });

/** The one kind of tasks that is in the way, and all advice. */
function only(workload: Workload, image: PatchImage, kernel = '6.12'): Blocker {
  const { blockers, advice } = over(workload, image, kernel);
  expect(blockers).toHaveLength(1);
  expect(blockers[0]?.advice).toEqual(advice);
  return blockers[0] as Blocker;
}

/** Seconds after which the transition is done when these things happen a second after the load; null when it is not. */
function doneAfter(workload: Workload, image: PatchImage, kernel: string, ...actions: Action[]): number | null {
  const trace = play(workload, [at(0, load(image)), ...actions.map((action, index) => at(1 + index / 10, action))], {
    kernel,
  });
  const done = trace.events.find((event) => event.type === 'transition' && event.phase === 'done');
  return done === undefined ? null : done.at / SECOND;
}

const signal = (name: string, number: number): Action => ({ do: 'signal', task: name, signal: number });
const STOP_AND_GO = (name: string) => [signal(name, 19), signal(name, 18)];
const KERNELS = ['6.1', '6.12'];

const beside = (...tasks: TaskGroup[]): Workload =>
  machine([asleep('init', ['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait']), ...tasks]);

describe('a sleeper that signals reach', () => {
  const cat = beside(asleep('cat', ['pipe_read', 'vfs_read', 'ksys_read']));

  it('is told what it waits for, and how it leaves the kernel sooner', () => {
    expect(only(cat, LP('pipe_read'))).toMatchObject({
      cause: 'interruptible',
      released: 'signal',
      advice: [
        'cat sleeps in pipe_read() until something is written into its pipe. The signal round at 15 s makes it leave the kernel; who can’t wait so long does it with kill -STOP and then kill -CONT.',
      ],
    });
  });

  it.each(KERNELS)('and does so on %s: stopped and continued, or woken by what it waits for', (kernel) => {
    expect(doneAfter(cat, LP('pipe_read'), kernel)).toBeGreaterThan(15);
    expect(doneAfter(cat, LP('pipe_read'), kernel, ...STOP_AND_GO('cat'))).toBeLessThan(3);
    expect(doneAfter(cat, LP('pipe_read'), kernel, { do: 'wake', task: 'cat' })).toBeLessThan(5);
    // SIGCONT alone wakes nobody who is not stopped.
    expect(doneAfter(cat, LP('pipe_read'), kernel, signal('cat', 18))).toBeGreaterThan(15);
  });

  it.each([
    ['accept', ['schedule_timeout', 'inet_csk_accept', '__sys_accept4', '__x64_sys_accept'], 'somebody connects to it'],
    ['wait', ['do_wait', 'kernel_wait4', '__x64_sys_wait4'], 'a child of it ends'],
    ['futex', ['futex_wait_queue', 'do_futex', '__x64_sys_futex'], 'another thread wakes its futex'],
    ['getty', ['wait_woken', 'n_tty_read', 'tty_read', 'ksys_read'], 'somebody types on its terminal'],
    ['poll', ['do_sys_poll', '__x64_sys_ppoll'], 'one of the files that it watches has an event'],
  ])('%s waits until its own event', (name, frames, until) => {
    const { advice } = only(beside(asleep(name, frames)), LP(frames[1] as string));
    expect(advice[0]).toContain(`${name} sleeps in ${frames[1]}() until ${until}.`);
  });

  it('claims nothing of calls that it does not know, and knows that nothing stops pid 1', () => {
    const odd = beside(asleep('systemd', ['odd_wait', '__x64_sys_odd']));
    expect(only(odd, LP('odd_wait')).advice).toEqual([
      'systemd sleeps in odd_wait(). The signal round at 15 s makes it leave the kernel; who can’t wait so long does it with kill -STOP and then kill -CONT (pid 1 can’t be stopped).',
    ]);
  });

  it('is waited for when it wakes up by itself before', () => {
    const nap: Phase = {
      do: 'sleep',
      for: { min: 12 * SECOND, max: 12 * SECOND },
      stack: ['__schedule', 'schedule', 'do_nanosleep', '__x64_sys_nanosleep', 'do_syscall_64'],
      state: 'interruptible',
    };
    const sleeper = machine([task('sleep', [nap, { do: 'user', for: { min: 50_000, max: 50_000 } }])]);
    const blocker = only(sleeper, LP('do_nanosleep'));
    expect(blocker).toMatchObject({ released: 'wakes-itself', sleep: { time: 12 * SECOND, is: 'exact' } });
    expect(blocker.advice[0]).toMatch(
      /^sleep is held up in do_nanosleep\(\) until its time is over and switches by itself, here after \d\.\d s: wait for that\.$/,
    );
  });
});

describe('a sleeper that no signal reaches', () => {
  const NFS = ['folio_wait_bit_common', 'folio_wait_writeback', 'nfs_file_fsync [nfs]', 'do_fsync'];
  const rsync = beside(asleep('rsync', NFS, { state: 'uninterruptible' }));

  it('uninterruptible: what it waits for, that kill does not help, and when to force', () => {
    expect(only(rsync, LP('folio_wait_writeback'))).toMatchObject({
      cause: 'uninterruptible',
      released: 'never',
      advice: [
        'rsync in folio_wait_writeback(): the signal round does not wake it, and neither does kill -9, so that restarting its service does not help.',
        'It waits for an NFS server. It goes on when the server answers; umount -f of the mount makes its requests fail, which ends the wait, too.',
        'Force it only if no harm comes of rsync going on in the old folio_wait_writeback() beside the new code. It can be disabled later, but that transition waits for every task again. Until it is forced, writing 0 to /sys/kernel/livepatch/lp/enabled takes it back.',
      ],
    });
    for (const kernel of KERNELS) {
      expect(doneAfter(rsync, LP('folio_wait_writeback'), kernel, signal('rsync', 9))).toBeNull();
      expect(doneAfter(rsync, LP('folio_wait_writeback'), kernel, { do: 'wake', task: 'rsync' })).toBeLessThan(5);
      const taken: Action = { do: 'write', path: 'lp/enabled', value: '0' };
      expect(doneAfter(rsync, LP('folio_wait_writeback'), kernel, taken)).toBeLessThan(5);
    }
  });

  it.each([
    [['jbd2_log_wait_commit [jbd2]', 'do_fsync'], 'It waits for a disk.'],
    [['rwsem_down_write_slowpath', 'do_fsync'], 'It waits for a lock.'],
  ])('%j: says what is known of the wait', (frames, waits) => {
    const blocker = only(beside(asleep('mysqld', frames, { state: 'uninterruptible' })), LP('do_fsync'));
    expect(blocker.advice[1]).toContain(waits);
  });

  it('uninterruptible with a time-out: how long that is', () => {
    const stack = ['__schedule', 'schedule', 'schedule_timeout', 'msleep', 'slow_reset', '__x64_sys_ioctl'];
    const phases: Phase[] = [
      { do: 'sleep', for: { min: 600 * SECOND, max: 600 * SECOND }, stack, state: 'uninterruptible' },
    ];
    const reset = machine([task('reset', phases, {})]);
    expect(only(reset, LP('slow_reset')).advice[1]).toBe('Its sleep ends by itself after 10 min: wait for that.');
  });

  it('killable: its service is restarted', () => {
    const reader = beside(asleep('reader', ['rpc_wait_bit_killable [sunrpc]', 'nfs_getattr'], { state: 'killable' }));
    const blocker = only(reader, LP('nfs_getattr'));
    expect(blocker.cause).toBe('killable');
    expect(blocker.advice[0]).toBe(
      'reader in nfs_getattr(): the signal round does not end its sleep (TASK_KILLABLE), a deadly signal does: restart the service that it belongs to.',
    );
    for (const kernel of KERNELS) {
      expect(doneAfter(reader, LP('nfs_getattr'), kernel)).toBeNull();
      expect(doneAfter(reader, LP('nfs_getattr'), kernel, signal('reader', 15))).toBeLessThan(3);
    }
  });

  it('stopped or traced in it: it has to be let go', () => {
    const stopped = beside(asleep('vi', ['do_signal_stop', 'get_signal'], { state: 'stopped' }));
    expect(only(stopped, LP('get_signal')).advice[0]).toBe(
      'vi is stopped in get_signal(), where the signal round does not wake it: kill -CONT does.',
    );
    for (const kernel of KERNELS) {
      expect(doneAfter(stopped, LP('get_signal'), kernel, signal('vi', 18))).toBeLessThan(3);
    }
    const traced = beside(asleep('child', ['ptrace_stop', 'get_signal'], { state: 'traced' }));
    expect(only(traced, LP('get_signal')).advice[0]).toBe(
      'child is held by a tracer in get_signal(): let it go on there, or detach the debugger or strace.',
    );
  });

  it('tells what a forced replacement forbids, where the patch replaces others', () => {
    const image = { ...LP('folio_wait_writeback'), replace: true };
    expect(only(rsync, image).advice.at(-1)).toContain(
      'Modules of livepatches that a forced transition replaces can’t be removed, or loaded again, before the next boot.',
    );
  });
});

describe('a kernel thread', () => {
  it('in its main loop: a function that it calls instead, when that was seen to help', () => {
    const web = workloadById('database', '6.12') as Workload;
    const busy: TaskGroup = {
      comm: 'kworker/u9:9',
      kind: 'kthread',
      count: 1,
      behaviour: {
        phases: [
          {
            do: 'sleep',
            for: FOREVER,
            stack: ['__schedule', 'schedule', 'worker_thread', 'kthread', 'ret_from_fork', 'ret_from_fork_asm'],
            state: 'idle',
          },
          {
            do: 'kernel',
            for: { min: 100, max: 100 },
            stack: ['process_one_work', 'worker_thread', 'kthread', 'ret_from_fork', 'ret_from_fork_asm'],
          },
        ],
      },
    };
    const { advice } = over({ ...web, tasks: [...web.tasks, busy] }, LP('worker_thread'));
    expect(advice[0]).toMatch(
      /worker_thread\(\) is the main loop of kernel threads and never left\. Neither signals nor waiting switch them, and after force the old loop would go on\.$/,
    );
    expect(advice[1]).toMatch(
      /^Replace process_one_work\(\) instead, which worker_thread\(\) calls, where the change can be made there: a patch of it alone finishes in .* in each of 5 runs\.$/,
    );
    // Force changes nothing for it, so that it is not advised.
    expect(advice.join()).not.toContain('Force it');
  });

  it('in its main loop, where no such function is seen', () => {
    const { advice, cause } = only(beside(kthread('kswapd0', ['kswapd'])), LP('kswapd'));
    expect(cause).toBe('main-loop');
    expect(advice).toEqual([
      'kswapd0: kswapd() is the main loop of a kernel thread and never left. Neither signals nor waiting switch it, and after force the old loop would go on.',
      'Make the change in a function that kswapd() calls and that has returned when the thread sleeps.',
    ]);
  });

  it('is not told to sleep in what everybody sleeps in', () => {
    const image = LP('kcompactd');
    expect(only(beside(kthread('kcompactd0', ['schedule_timeout', 'kcompactd'])), image).advice[1]).toContain(
      'Make the',
    );
  });

  it('in a function that it returns from: what it waits for', () => {
    const commit = kthread('jbd2/sdb1-8', ['__wait_on_bit', 'jbd2_journal_commit_transaction', 'kjournald2'], {
      state: 'uninterruptible',
    });
    const blocker = only(beside(commit), LP('jbd2_journal_commit_transaction'));
    expect(blocker.cause).toBe('kernel-thread');
    expect(blocker.advice.slice(0, 2)).toEqual([
      'jbd2/sdb1-8 in jbd2_journal_commit_transaction(): the signal round does not switch kernel threads. A look has to find it elsewhere.',
      'It waits for a disk. It goes on when the I/O is done or fails.',
    ]);
  });

  it('that wakes up and is there again each time: waiting is no help', () => {
    const often = { min: 1, max: 10 * SECOND, mean: SECOND };
    const flush = kthread('flush', ['flush_wait', 'flushd'], { state: 'uninterruptible', for: often });
    expect(only(beside(flush), LP('flush_wait')).advice[1]).toBe(
      'It wakes up by itself in that time, and each look finds it there again.',
    );
  });

  it('of io_uring never returns to user space', () => {
    const worker: TaskGroup = { ...kthread('iou-wrk-812', ['io_wait', 'io_wq_worker']), kind: 'io_worker' };
    expect(only(beside(worker), LP('io_wait')).advice[0]).toBe(
      'iou-wrk-812 in io_wait(): a worker of io_uring never returns to user space, so that no signal switches it. A look has to find it elsewhere.',
    );
  });
});

describe('a task on a CPU', () => {
  it('that computes where no tick interrupts it: the signal round does, or a signal', () => {
    const hpc = machine([task('xhpl', [{ do: 'user', for: FOREVER }], { cpus: [1] })], { cpus: 2, nohzFullCpus: [1] });
    const blocker = only(hpc, LP('f'));
    expect(blocker).toMatchObject({ cause: 'user-loop', released: 'signal' });
    expect(blocker.advice).toEqual([
      'xhpl computes on a CPU without a tick (nohz_full) and does not enter the kernel by itself. The signal round interrupts it at 15 s; kill -STOP and then kill -CONT does it at once.',
    ]);
    for (const kernel of KERNELS) {
      expect(doneAfter(hpc, LP('f'), kernel)).toBeGreaterThan(14.5);
      expect(doneAfter(hpc, LP('f'), kernel, ...STOP_AND_GO('xhpl'))).toBeLessThan(3);
    }
  });

  const loop = (condResched: boolean): Workload =>
    machine(
      [
        {
          ...kthread('kscan', []),
          behaviour: {
            phases: [{ do: 'kernel', for: FOREVER, stack: ['scan', 'kscand', 'kthread'], condResched }],
          },
        },
      ],
      { cpus: 2 },
    );

  it('in the kernel: a kernel that switches in cond_resched(), where that was seen to help', () => {
    const blocker = only(loop(true), LP('f'), '6.1');
    expect(blocker).toMatchObject({ cause: 'kernel-loop', released: 'never' });
    expect(blocker.advice.slice(0, 2)).toEqual([
      'kscan stays on a CPU, where no stack is looked at: a look has to find it asleep or preempted.',
      expect.stringMatching(
        /^Linux 6\.4 to 6\.15 let such tasks switch themselves in cond_resched\(\): on 6\.12 the same load finishes in .* in each of 5 runs\.$/,
      ),
    ]);
    expect(over(loop(true), LP('f'), '6.12').time?.max).toBeLessThan(2 * SECOND);
  });

  it('in the kernel without cond_resched(): no kernel is named that would not help', () => {
    expect(only(loop(false), LP('f'), '6.1').advice.join()).not.toContain('cond_resched');
    expect(only(loop(false), LP('f'), '6.12').advice).toContain(
      'This kernel would switch it in cond_resched(), which it does not call, or with a patched function on its stack.',
    );
  });
});

describe('a stack that can’t be walked', () => {
  it('is no matter of the functions, and a user task switches where it has none', () => {
    const bpf = beside(asleep('agent', ['do_sys_poll', '__x64_sys_poll'], { reliable: false }));
    const blocker = only(bpf, LP('f'));
    expect(blocker).toMatchObject({ cause: 'unreliable', released: 'signal' });
    expect(blocker.advice).toEqual([
      'agent has no reliable stack: the kernel can’t walk it. Which functions the patch replaces makes no difference to that.',
      'It switches on the way back to user space: at the signal round at 15 s, or at once with kill -STOP and then kill -CONT.',
    ]);
    for (const kernel of KERNELS) expect(doneAfter(bpf, LP('f'), kernel, ...STOP_AND_GO('agent'))).toBeLessThan(3);
  });

  it('counts the frames of one that is too deep', () => {
    const deep = beside(
      kthread(
        'deep',
        Array.from({ length: 120 }, (_, index) => `f${index}`),
      ),
    );
    expect(only(deep, LP('f')).advice[0]).toContain('its stack has 125 frames and the kernel gives up at 100.');
  });
});

it('has nothing to do about the idle loop', () => {
  const { blockers } = over(workloadById('web-server', '6.12') as Workload, LP('do_idle'));
  expect(blockers.map(({ cause, advice }) => [cause, advice])).toEqual([
    ['idle', ['swapper/*: the idle loop. The kernel wakes idle CPUs after each look, so that nothing has to be done.']],
  ]);
});
