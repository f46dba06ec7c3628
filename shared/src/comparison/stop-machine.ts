import type { Trace } from '../simulator/trace.ts';
import { Bench } from './bench.ts';
import { type ModelRun, parameter } from './model.ts';

/**
 * Stops all CPUs, looks at every stack, and changes all functions at that instant when none of them is on any; otherwise
 * lets go and tries again later. Uses the parameters `stopTime`, `attempts` and `interval`. No stack is searched for the
 * functions in `exempt`.
 */
export function playStopMachine(run: ModelRun, exempt: ReadonlySet<string> = new Set()): Trace {
  const bench = new Bench(run, {});
  const stopTime = parameter(run, 'stopTime');
  const attempts = parameter(run, 'attempts');
  const interval = parameter(run, 'interval');

  const attempt = (number: number): void => {
    bench.stopMachine(true);
    const all = [...bench.tasks, ...bench.idleTasks];
    let blockers = 0;
    bench.forgetBlocked();
    for (const task of all) {
      bench.m.look(task);
      const reason = bench.inside(task, exempt);
      if (reason === null) continue;
      blockers++;
      bench.blocked(task, reason);
    }
    if (blockers === 0) for (const task of all) bench.switchTask(task, 'at-once');
    bench.pass(number, blockers === 0 ? all.length : 0, blockers === 0 ? 0 : blockers);
    bench.at(bench.now + stopTime, () => {
      bench.stopMachine(false);
      if (blockers === 0) bench.finish('done');
      else if (number === attempts) bench.finish('refused');
      else bench.at(bench.now + interval, () => attempt(number + 1));
    });
  };
  return bench.play(() => attempt(1));
}
