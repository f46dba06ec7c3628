import type { Task } from '../../simulator/task.ts';
import type { Trace } from '../../simulator/trace.ts';
import { Bench } from '../bench.ts';
import { type ModelRun, type PatchingModel, parameter } from '../model.ts';

/**
 * M. Hiramatsu's prototype: entries and returns of the patched functions are counted, and when nobody uses any of them,
 * all of them are changed at that instant. LEAVE_PATCHED_SET and SWITCH_KERNEL like kpatch, but no CPU is stopped for it.
 * V. Pavlik placed it so on 7 November 2014; how it counts whoever is inside when counting begins was not found, and they
 * are simply counted here.
 */
export const useCounts: PatchingModel = {
  id: 'use-counts',
  title: 'Use counts (prototype)',
  summary: 'all at once: at an instant at which nobody is inside a patched function',
  leaves: 'patched-set',
  switches: 'kernel',
  evidence: 'documents',
  sources: ['V. Pavlik, live-patching list, 7 November 2014, on the prototype of M. Hiramatsu with reference counts'],
  parameters: [
    {
      name: 'patience',
      value: 20_000_000,
      unit: 'us',
      about: 'when it gives up',
      source: 'Assumption: nothing was found on how long it waits; as long as for parking everything.',
    },
  ],
  variants: [],
  cannot: [
    'It can not patch a function that some task always sleeps in.',
    'It can not say when the count will be 0: a function that many tasks use may never be unused.',
    'It costs each call of a patched function two updates of a counter while it waits.',
  ],
  play,
};

function play(run: ModelRun): Trace {
  const inside = new Set<Task>();
  let over = false;
  const bench = new Bench(run, {
    leftKernel: (task) => leave(task),
    phaseChanged: (task) => count(task),
    cameBack: (task) => count(task),
    forked: (child) => watch(child),
    exited: (task) => leave(task),
  });

  /** Only tasks that ever use a patched function change the count. */
  function watch(task: Task): void {
    const uses = task.behaviour.phases.some(
      (phase) => 'stack' in phase && phase.stack.some((frame) => bench.patched.has(frame)),
    );
    if (!uses) return;
    bench.follow(task);
    count(task);
  }

  function count(task: Task): void {
    if (bench.onStack(task) === null) leave(task);
    else inside.add(task);
  }

  function leave(task: Task): void {
    if (inside.delete(task)) switchWhenUnused();
  }

  function switchWhenUnused(): void {
    if (over || inside.size > 0) return;
    over = true;
    const all = [...bench.tasks, ...bench.idleTasks];
    for (const task of all) bench.switchTask(task, 'at-once');
    bench.pass(1, all.length, 0);
    bench.finish('done');
  }

  return bench.play(() => {
    for (const task of bench.tasks) watch(task);
    switchWhenUnused();
    bench.at(parameter(run, 'patience'), () => {
      for (const task of inside) {
        const reason = bench.inside(task);
        if (reason !== null) bench.blocked(task, reason);
      }
      bench.pass(1, 0, inside.size);
      bench.finish('refused');
    });
  });
}
