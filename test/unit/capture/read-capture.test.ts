import { describe, expect, it } from 'vitest';
import { type CaptureReading, readCapture } from '../../../server/src/capture/read-capture.ts';
import type { Phase, TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { EPOLL, type Json, recording, task, WORKER } from './recording.ts';

function read(value: unknown): CaptureReading {
  return readCapture(JSON.stringify(value));
}

function workload(value: unknown): Workload {
  const reading = read(value);
  if (!reading.ok) throw new Error(reading.error);
  return reading.workload;
}

function warnings(value: unknown): readonly string[] {
  const reading = read(value);
  if (!reading.ok) throw new Error(reading.error);
  return reading.warnings;
}

function error(value: unknown): string {
  const reading = read(value);
  if (reading.ok) throw new Error('it was read');
  return reading.error;
}

function onlyGroup(value: unknown): TaskGroup {
  const { tasks } = workload(value);
  expect(tasks).toHaveLength(1);
  return tasks[0] as TaskGroup;
}

const phases = (value: unknown): readonly Phase[] => onlyGroup(value).behaviour.phases;

/** The same task in two samples, with what changed in between. */
function twice(fields: Json, later: Json): Json {
  const first = task(fields);
  return recording([first], [{ ...first, ...later }]);
}

describe('the machine', () => {
  it('is the recorded one, and says where it comes from', () => {
    const machine = workload(recording([task()]));
    expect(machine).toMatchObject({ id: 'capture', cpus: 4, hz: 250, nohzFullCpus: [], modules: ['ext4', 'jbd2'] });
    expect(machine.title).toBe('machine recorded on Linux 6.12.117+deb12-cloud-amd64, 4 CPUs');
    expect(machine.description).toBe(
      '1 task, recorded at 2026-11-21T14:00:00Z on Linux 6.12.117+deb12-cloud-amd64 (x86_64).',
    );
    expect(warnings(recording([task()]))).toEqual([]);
  });

  it('counts the CPUs that are online from 0', () => {
    const bound = (cpu: number) =>
      task({ comm: `ksoftirqd/${cpu}`, kind: 'kthread', cpus: String(cpu), stack: WORKER });
    const machine = workload(recording([bound(2), bound(5)], undefined, { cpus: '2,4-5', nohzFull: '4-5' }));
    expect(machine.cpus).toBe(3);
    expect(machine.nohzFullCpus).toEqual([1, 2]);
    expect(machine.tasks).toMatchObject([{ comm: 'ksoftirqd/2', count: 2, cpus: [0, 2] }]);
  });

  it('is taken for an ordinary one where the recording does not say', () => {
    const unknown = recording([task({ cpus: '0-1' })], undefined, { cpus: '', hz: null });
    expect(workload(unknown)).toMatchObject({ cpus: 2, hz: 250 });
    expect(warnings(unknown)).toEqual([
      'The recording does not say how many CPUs there were: 2 are taken, from what its tasks use.',
      'The recording does not say CONFIG_HZ: 250 is taken.',
    ]);
  });

  it('begins without the livepatches that were loaded, and says so', () => {
    const livepatches = [{ name: 'fix_cve', enabled: 1, transition: 0, replace: 1, objects: [] }];
    expect(warnings(recording([task()], undefined, { livepatches }))).toEqual([
      'The recorded machine had livepatches loaded (fix_cve): the simulation begins without them.',
    ]);
  });
});

describe('tasks', () => {
  it('sleep as long as it takes from one switch to the next, where they were seen to sleep', () => {
    // 100 wake-ups in 10 s, 1 ms of CPU time each.
    expect(phases(twice({}, { voluntary: 600, runtime: 150_000_000 }))).toEqual([
      {
        do: 'sleep',
        for: { min: 1, max: 1_000_000, mean: 100_000 },
        state: 'interruptible',
        stack: ['__schedule', 'schedule', 'schedule_hrtimeout_range_clock', ...EPOLL],
        syscall: 'epoll_wait',
        onSignal: 'EINTR',
      },
      { do: 'user', for: { min: 1, max: 10_000, mean: 1000 } },
    ]);
  });

  it('sleep as long as they did on average when they did not wake between the samples', () => {
    // 10 wake-ups in the 910 s of its life.
    expect(phases(twice({ voluntary: 10 }, {}))[0]).toMatchObject({ for: { mean: 100_000_000 } });
    // 500 wake-ups in its life, but none in 10 s.
    expect(phases(twice({}, {}))[0]).toMatchObject({ for: { mean: 10_000_000 } });
    // So few that they were its start.
    expect(phases(twice({ voluntary: 9 }, {}))[0]).toMatchObject({ for: { min: 0, max: 'forever' } });
    expect(phases(twice({ voluntary: 0 }, {}))[0]).toMatchObject({ for: { min: 0, max: 'forever' } });
  });

  it('restart their call after the signal, or see EINTR, as the system call does', () => {
    const effect = (syscall: number | null, stack: string[] = ['do_x', 'do_syscall_64']) =>
      phases(recording([task({ syscall, stack })]))[0];
    expect(effect(202)).toMatchObject({ syscall: 'futex', onSignal: 'restarts' });
    expect(effect(128)).toMatchObject({ syscall: 'rt_sigtimedwait', onSignal: 'EINTR' });
    expect(effect(null, EPOLL)).toMatchObject({ syscall: 'epoll_wait', onSignal: 'EINTR' });
    expect(effect(null, ['pipe_read', 'vfs_read', 'ksys_read'])).toMatchObject({ syscall: 'read' });
    expect(effect(null)).not.toHaveProperty('syscall');
    expect(effect(999)).not.toHaveProperty('onSignal');
  });

  it('run in user space or in the kernel when they are always on a CPU', () => {
    const spin = { state: 'R', trusted: false, stack: ['made_up'], syscall: null };
    expect(phases(twice(spin, { runtime: 10_050_000_000, utime: 1004 }))).toEqual([
      { do: 'user', for: { min: 0, max: 'forever' } },
    ]);
    const system = phases(twice(spin, { runtime: 10_050_000_000, stime: 1001 }));
    expect(system).toEqual([{ do: 'kernel', for: { min: 1, max: 10_000_000, mean: 1_000_000 }, stack: [] }]);
  });

  it('do not show the stack that they had while running', () => {
    const text = JSON.stringify(workload(twice({ state: 'R', trusted: false, stack: ['made_up'] }, {})));
    expect(text).not.toContain('made_up');
    const seenAsleep = phases(
      twice({ state: 'R', trusted: false, stack: ['made_up'] }, { state: 'S', trusted: true, stack: EPOLL }),
    );
    expect(seenAsleep[0]).toMatchObject({ do: 'sleep', syscall: 'epoll_wait' });
  });

  it('go through both sleeps when the samples saw two', () => {
    const both = phases(
      twice({}, { voluntary: 510, syscall: 202, stack: ['futex_wait_queue', 'do_futex', 'do_syscall_64'] }),
    );
    expect(both.map((phase) => (phase.do === 'sleep' ? phase.syscall : phase.do))).toEqual([
      'futex',
      'user',
      'epoll_wait',
      'user',
    ]);
  });

  it.each([
    ['D', 'uninterruptible'],
    ['I', 'idle'],
    ['P', 'uninterruptible'],
    ['T', 'stopped'],
    ['t', 'traced'],
  ])('in state %s sleep %s', (state, sleep) => {
    const [phase] = phases(recording([task({ state })]));
    expect(phase).toMatchObject({ do: 'sleep', state: sleep });
    expect(phase).not.toHaveProperty('onSignal');
  });

  it('of the kernel run in their main function, and have no system call', () => {
    const kworker = task({ comm: 'kworker/1:0-events', kind: 'kthread', state: 'I', stack: WORKER, syscall: 232 });
    expect(phases(recording([kworker]))).toMatchObject([
      { do: 'sleep', state: 'idle', stack: ['__schedule', 'schedule', ...WORKER] },
      { do: 'kernel', stack: WORKER },
    ]);
    expect(phases(recording([kworker]))[0]).not.toHaveProperty('syscall');
    expect(onlyGroup(recording([kworker])).comm).toBe('kworker/1:0');
  });

  it('that are alike make one group, whatever their instance numbers', () => {
    const same = recording([task({ comm: 'php-fpm7' }), task({ comm: 'php-fpm12', voluntary: 520 })]);
    expect(onlyGroup(same)).toMatchObject({ comm: 'php-fpm7', count: 2 });
    const differ = [
      task(),
      task({ comm: 'sshd' }),
      task({ state: 'D' }),
      task({ stack: ['x'] }),
      task({ voluntary: 1 }),
    ];
    expect(workload(recording(differ)).tasks.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('spend that part of their time in a sleep in which they were seen there', () => {
    const first = task();
    const waits = { ...first, state: 'D', syscall: 75, stack: ['folio_wait_bit', 'do_fsync', 'do_syscall_64'] };
    const looks = [first, first, waits, { ...first, voluntary: 530 }];
    const samples = looks.map((look, i) => ({ uptime: 1000 + i, tasks: [look] }));
    // 30 wake-ups in 3 s, so 200 ms in each round of two sleeps, three quarters of it in epoll_wait().
    expect(phases(recording([], [], { samples })).filter((phase) => phase.do === 'sleep')).toMatchObject([
      { syscall: 'epoll_wait', state: 'interruptible', for: { mean: 100_000 } },
      { syscall: 'fdatasync', state: 'uninterruptible', for: { mean: 30_000 } },
    ]);
  });

  it('that are alike share what was seen of any of them', () => {
    const [one, two] = [task(), task()];
    const waits = { ...two, state: 'D', syscall: 75, stack: ['folio_wait_bit'] };
    const samples = [two, two, waits].map((look, i) => ({ uptime: 1000 + i, tasks: [one, look] }));
    const group = onlyGroup(recording([], [], { samples }));
    expect(group.count).toBe(2);
    expect(group.behaviour.phases.map((phase) => phase.do === 'sleep' && phase.syscall)).toContain('fdatasync');
  });

  it('that come and go are started by the process that lasts among those they descend from', () => {
    const make = task({ comm: 'make', started: 0, syscall: 61, stack: ['do_wait', 'do_syscall_64'] });
    const gcc = (started: number): Json =>
      task({ comm: 'gcc', ppid: make.pid, started, syscall: 61, stack: ['do_wait', 'do_syscall_64'] });
    const cc1 = (parent: Json, started: number): Json =>
      task({ comm: 'cc1', ppid: parent.pid, started, state: 'R', trusted: false, stack: null });
    const samples = [0, 1, 2, 3].map((i) => {
      const driver = gcc(99_900 + i * 100);
      const tasks = [{ ...make, voluntary: 500 + i }, driver, cc1(driver, 99_900 + i * 100)];
      return { uptime: 1000 + i, tasks };
    });
    const value = recording([], [], { samples });
    expect(warnings(value)).toEqual([]);
    const second = { min: 1, max: 10_000_000, mean: 1_000_000 };
    expect(workload(value).tasks).toMatchObject([
      {
        comm: 'make',
        behaviour: {
          phases: [
            { do: 'sleep', syscall: 'wait4' },
            { do: 'user' },
            { do: 'fork', childComm: 'gcc', childLives: second },
            { do: 'fork', childComm: 'cc1', childLives: second },
          ],
        },
      },
      {
        comm: 'gcc',
        count: 1,
        behaviour: { phases: [{ do: 'sleep', syscall: 'wait4', for: second }, { do: 'exit' }] },
      },
      { comm: 'cc1', count: 1, behaviour: { phases: [{ do: 'user', for: second }, { do: 'exit' }] } },
    ]);
  });

  it('that come and go wake a parent that was not seen to wake', () => {
    const init = task({ comm: 'cron', started: 0, voluntary: 3 });
    const job = task({ comm: 'true', ppid: init.pid, started: 100_900 });
    const [group] = workload(recording([init], [init, job])).tasks as [TaskGroup];
    // One that is 1 s old, in one of two samples: one in 2 s.
    expect(group.behaviour.phases).toMatchObject([
      { do: 'sleep', for: { mean: 2_000_000 } },
      { do: 'kernel' },
      { do: 'user' },
      { do: 'fork', childComm: 'true', childLives: { mean: 1_000_000 } },
    ]);
  });

  it('hear of modules that come and go when they are called systemd-udevd', () => {
    const { tasks } = workload(recording([task({ comm: 'systemd-udevd' }), task({ comm: 'nginx' })]));
    expect(tasks.map(({ comm, hearsUevents }) => [comm, hearsUevents])).toEqual([
      ['systemd-udevd', true],
      ['nginx', undefined],
    ]);
  });

  it('that are gone, dead or recording are left out', () => {
    const stays = task();
    const went = task({ comm: 'cc1' });
    const rest = [
      stays,
      task({ comm: 'defunct', state: 'Z' }),
      task({ comm: 'awk', pid: 77 }),
      task({ comm: 'head', ppid: 77 }),
    ];
    const value = recording([went, ...rest], rest, { recorder: 77 });
    expect(workload(value).tasks.map(({ comm }) => comm)).toEqual(['nginx']);
    expect(warnings(value)).toEqual([
      '1 task came or went between the samples: in the simulation those of the last sample stay.',
    ]);
  });

  it('are told apart from later ones with the same number', () => {
    const old = task({ voluntary: 5_000_000 });
    const young = { ...old, started: 100_900, voluntary: 10 };
    // 10 wake-ups in the second that it lives.
    expect(phases(recording([old], [young]))[0]).toMatchObject({ for: { mean: 100_000 } });
  });

  it('whose stack is not known never block, and the reader says so', () => {
    const value = recording([task({ stack: null }), task({ comm: 'b', stack: null }), task({ comm: 'c' })]);
    expect(workload(value).tasks[0]?.behaviour.phases[0]).toMatchObject({ do: 'sleep', stack: [] });
    expect(warnings(value)).toEqual([
      '2 of 3 tasks sleep on a stack that the recording does not have: they never block a transition here.',
    ]);
  });

  it('have names that were bytes', () => {
    const bytes = (text: string) => Buffer.from(text).toString('latin1');
    const comm = (name: string) => onlyGroup(recording([task({ comm: name })])).comm;
    expect(comm(bytes('grün €'))).toBe('grün €');
    expect(comm('gr\u00fcn')).toBe('grün');
    expect(comm('\u001b[31mred\n')).toBe('\ufffd[31mred\ufffd');
    expect(comm('')).toBe('');
  });
});

describe('a recording that is not as it should be', () => {
  const text = JSON.stringify(recording([task(), task()]), null, 1);

  it('says where it ends when it is cut', () => {
    const half = text.slice(0, text.indexOf('"syscall"') + 5);
    const line = half.split('\n').length;
    const column = half.length - half.lastIndexOf('\n');
    expect(readCapture(half)).toEqual({
      ok: false,
      error: `The recording ends too early, in line ${line}, column ${column}: something stopped the script, or the file was cut.`,
    });
    expect(readCapture('')).toEqual({ ok: false, error: 'The recording is empty.' });
  });

  it('never throws and always says so, wherever it is cut', () => {
    for (let end = 0; end < text.length; end++) {
      const reading = readCapture(text.slice(0, end));
      expect(reading.ok ? 'read' : reading.error).toMatch(/^The recording (?:ends too early, in line \d+|is empty)/);
    }
  });

  it('says where it is no JSON', () => {
    expect(readCapture('{\n  "format": livepatch }')).toEqual({
      ok: false,
      error: 'The recording is not JSON: it goes wrong in line 2, column 13.',
    });
  });

  it.each<[string, unknown, string]>([
    [
      'another document',
      {},
      'This is no recording that the capture script made: its format is not "livepatch-capture".',
    ],
    ['a list', [], 'The recording is a list; it must be an object.'],
    [
      'version',
      recording([task()], undefined, { version: 0 }),
      'version is 0; it must be 1, the format that this program knows.',
    ],
    [
      'cpus',
      recording([task()], undefined, { cpus: '3-1' }),
      'cpus is "3-1"; it must be a list of CPUs below 8192 such as 0-3,6.',
    ],
    [
      'many CPUs',
      recording([task()], undefined, { cpus: '0-999999' }),
      'cpus is "0-999999"; it must be a list of CPUs below 8192 such as 0-3,6.',
    ],
    ['hz', recording([task()], undefined, { hz: '250' }), 'hz is "250"; it must be a whole number from 0 to 10000.'],
    ['modules', recording([task()], undefined, { modules: {} }), 'modules is an object; it must be a list.'],
    [
      'no samples',
      recording([task()], undefined, { samples: [] }),
      'samples is empty: there are no tasks in this recording.',
    ],
    ['no tasks', recording([]), 'There are no tasks in the last sample of this recording.'],
    ['a task', recording([task(), 'x' as unknown as Json]), 'samples[0].tasks[1] is "x"; it must be an object.'],
    [
      'pid',
      recording([task({ pid: -1 })]),
      'samples[0].tasks[0].pid is -1; it must be a whole number from 0 to 4194304.',
    ],
    ['comm', recording([task({ comm: undefined })]), 'samples[0].tasks[0].comm is missing; it must be a text.'],
    [
      'kind',
      recording([task({ kind: 'robot' })]),
      'samples[0].tasks[0].kind is "robot"; it must be one of user, kthread, io_worker.',
    ],
    [
      'state',
      recording([task({ state: 'SS' })]),
      'samples[0].tasks[0].state is "SS"; it must be a letter, as /proc/PID/stat has it.',
    ],
    ['trusted', recording([task({ trusted: 1 })]), 'samples[0].tasks[0].trusted is 1; it must be true or false.'],
    [
      'stack',
      recording([task({ stack: ['a b'] })]),
      `samples[0].tasks[0].stack[0] is "a b"; it must be a function's name, with its module in brackets when it has one.`,
    ],
    [
      'a deep stack',
      recording([task({ stack: Array.from({ length: 65 }, () => 'f') })]),
      'samples[0].tasks[0].stack has 65 entries; more than 64 are not read.',
    ],
  ])('says which field is wrong: %s', (_, value, expected) => {
    expect(error(value)).toBe(expected);
  });

  it('is read with a warning when its format is newer', () => {
    const value = recording([task({ colour: 'red' })], undefined, { version: 2, weather: 'fine' });
    expect(workload(value).tasks).toHaveLength(1);
    expect(warnings(value)).toEqual([
      'The recording has format 2, this program knows format 1: what is new in it is left out.',
    ]);
  });

  it('is read with a warning when it has one sample, or the clock did not go on', () => {
    const warning =
      'The recording has no second sample that is later than the first: how often tasks wake is taken from their whole lives.';
    const one = recording([], [], { samples: [{ uptime: 1010, tasks: [task()] }] });
    const still = recording([], [], { samples: [0, 1].map(() => ({ uptime: 1010, tasks: [task()] })) });
    for (const value of [one, still]) {
      expect(warnings(value)).toEqual([warning]);
      // 500 wake-ups in 910 s.
      expect(phases(value)[0]).toMatchObject({ for: { mean: 3_000_000 } });
    }
  });

  it('passes on what the script had to say, without what a terminal would obey', () => {
    const problems = ['not run as root\u001b[2J'];
    expect(warnings(recording([task()], undefined, { problems }))).toEqual([
      'When it was recorded: not run as root\ufffd[2J.',
    ]);
  });
});
