import { describe, expect, test } from 'vitest';
import { loadedModules, possibleActions } from '../../../client/webview/actions.ts';
import { linesUntil, logLines } from '../../../client/webview/log-lines.ts';
import { neighbour } from '../../../client/webview/moments.ts';
import { addAction, makeRun, stepLabel, steps } from '../../../client/webview/run.ts';
import type { PanelAction } from '../../../shared/src/panel-messages.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { objectOf, patchOf } from '../../panel/images.ts';

/** One CPU, and a task that sleeps in sigsuspend() for ever. */
const QUIET: Workload = {
  id: 'quiet',
  title: 'Quiet',
  description: '',
  cpus: 1,
  hz: 250,
  nohzFullCpus: [],
  modules: ['ext4'],
  tasks: [
    {
      comm: 'waiter',
      kind: 'user',
      count: 1,
      behaviour: {
        phases: [
          {
            do: 'sleep',
            for: { min: 0, max: 'forever' },
            stack: ['__schedule', 'schedule', 'sigsuspend', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'],
            state: 'interruptible',
            syscall: 'rt_sigsuspend',
            onSignal: 'restarts',
          },
        ],
      },
    },
  ],
};

function runOf(image: ReturnType<typeof patchOf>, actions: readonly PanelAction[] = []) {
  return makeRun({ images: [image], image, kernel: '6.12', workload: QUIET, seed: 1, actions, model: null });
}

/** What the panel offers at a time. */
function offered(image: ReturnType<typeof patchOf>, actions: readonly PanelAction[], at: number): string[] {
  const { trace } = runOf(image, actions);
  const { sysfs } = stateAt(trace, at);
  const context = { images: [image], sysfs, modules: loadedModules(QUIET, trace, at) };
  return possibleActions(context).map(({ label }) => label);
}

describe('a run', () => {
  test('what is done later changes nothing before', () => {
    const image = patchOf('sigsuspend');
    const before = runOf(image).trace.events.filter(({ at }) => at < 5_000_000);
    const reversed = runOf(image, [{ at: 5_000_000, do: 'write', path: 'fix_wait/enabled', value: '0' }]);
    expect(reversed.trace.events.filter(({ at }) => at < 5_000_000)).toEqual(before);
    expect(reversed.trace.events.some((event) => event.type === 'transition' && event.phase === 'reverse')).toBe(true);
  });

  test('goes on long enough to show what comes of a late action', () => {
    const image = patchOf('sigsuspend');
    const { trace } = runOf(image, [{ at: 100_000_000, do: 'write', path: 'fix_wait/enabled', value: '0' }]);
    expect(trace.events.some((event) => event.type === 'log' && event.text.endsWith('unpatching complete'))).toBe(true);
  });

  test('marks signal rounds and steps, not the load', () => {
    const image = patchOf('sigsuspend');
    const { marks } = runOf(image, [{ at: 1_000_000, do: 'load-target', module: 'nfsd' }]);
    expect(marks.map(({ kind, label }) => `${kind} ${label}`)).toEqual(['step load nfsd', 'signal signals']);
  });

  test('stepping stops at the start, at what happens, and at the end', () => {
    const { moments, trace } = runOf(patchOf('sigsuspend'));
    expect(moments[0]).toBe(0);
    expect(moments.at(-1)).toBe(trace.end);
    expect([...moments].sort((a, b) => a - b)).toEqual(moments);
    const signal = trace.events.find((event) => event.type === 'signal');
    expect(moments).toContain(signal?.at);
    expect(neighbour(moments, 0, 1)).toBe(moments[1]);
    expect(neighbour(moments, trace.end, 1)).toBe(trace.end);
    expect(neighbour(moments, 0, -1)).toBe(0);
    expect(neighbour(moments, trace.end, -1)).toBe(moments.at(-2));
  });
});

describe('actions', () => {
  const at = (time: number): PanelAction => ({ at: time, do: 'load-target', module: `m${time}` });

  test('stand in order of time, the newest last among equals', () => {
    const again: PanelAction = { at: 20, do: 'unload-target', module: 'm20' };
    expect(addAction([at(10), at(20), at(30)], again)).toEqual([at(10), at(20), again, at(30)]);
  });

  test('a patch that the module lost is not loaded again', () => {
    const image = patchOf('sigsuspend');
    const options = { images: [image], image, actions: [{ at: 5, do: 'load', patch: 'gone' }] as PanelAction[] };
    expect(steps(options)).toEqual([{ at: 0, do: 'load', image }]);
    const known = { ...options, actions: [{ at: 5, do: 'load', patch: 'patch' }] as PanelAction[] };
    expect(steps(known)).toHaveLength(2);
  });

  test('during a transition: reverse and force', () => {
    expect(offered(patchOf('sigsuspend'), [], 5_000_000)).toEqual(['Reverse', 'Force']);
  });

  test('enabled: disable; disabled: remove the module; removed: load it again', () => {
    const image = patchOf('cmdline_proc_show');
    const disable: PanelAction = { at: 5_000_000, do: 'write', path: 'fix_wait/enabled', value: '0' };
    const unload: PanelAction = { at: 10_000_000, do: 'unload', module: 'fix_wait' };
    expect(offered(image, [], 4_000_000)).toEqual(['Disable']);
    expect(offered(image, [disable], 9_000_000)).toEqual(['rmmod']);
    expect(offered(image, [disable, unload], 11_000_000)).toEqual(['Load again']);
  });

  test('modules that the patch names come and go', () => {
    const image = {
      ...patchOf(),
      objects: [objectOf('nfsd', ['nfsd_dispatch']), objectOf('ext4', ['ext4_map_blocks'])],
    };
    expect(offered(image, [], 4_000_000)).toEqual(['Disable', 'Load nfsd', 'Remove ext4']);
    const load: PanelAction = { at: 4_000_000, do: 'load-target', module: 'nfsd' };
    expect(offered(image, [load], 5_000_000)).toEqual(['Disable', 'Remove nfsd', 'Remove ext4']);
  });

  test('have names in a word or two', () => {
    const write = (path: string, value: string) => stepLabel({ do: 'write', path, value });
    expect(write('fix/enabled', '0')).toBe('disable');
    expect(write('fix/enabled', '1')).toBe('enable');
    expect(write('fix/force', '1')).toBe('force');
    expect(stepLabel({ do: 'unload', module: 'fix' })).toBe('rmmod fix');
  });
});

describe('the log', () => {
  test('has what was done between the kernel’s lines, with the errno', () => {
    const image = { ...patchOf('sigsuspend'), livepatchMark: false };
    expect(logLines(runOf(image).trace, false).map(({ text }) => text)).toContain(
      '# insmod fix_wait.ko   → EINVAL, Invalid argument',
    );
  });

  test('has debug lines only when asked', () => {
    const { trace } = runOf(patchOf('sigsuspend'));
    const debug = (on: boolean) => logLines(trace, on).filter(({ level }) => level === 'debug').length;
    expect(debug(false)).toBe(0);
    expect(debug(true)).toBeGreaterThan(0);
  });

  test('knows how much of it a reader has seen by a time', () => {
    const lines = [0, 0, 5, 9].map((time) => ({ at: time, kind: 'kernel' as const, level: null, text: '' }));
    expect([-1, 0, 4, 5, 100].map((time) => linesUntil(lines, time))).toEqual([0, 2, 2, 3, 4]);
  });
});
