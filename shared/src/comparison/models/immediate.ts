import type { Trace } from '../../simulator/trace.ts';
import { Bench } from '../bench.ts';
import { ONE_BY_ONE } from '../guarantees.ts';
import type { ModelRun, PatchingModel } from '../model.ts';

/**
 * Livepatch of Linux 4.0 to 4.11, and patch->immediate after it: whoever calls a patched function from now on runs the new
 * one, and nobody looks at what is under way. LEAVE_FUNCTION and SWITCH_FUNCTION in V. Pavlik's terms of 7 November 2014.
 * Removed again because stacked patches could then not know what sleeps in which version ("livepatch: Remove immediate
 * feature", M. Benes, January 2018).
 */
export const immediate: PatchingModel = {
  id: 'immediate',
  title: 'Livepatch 4.0 (immediate)',
  summary: 'each function at its next call, nothing is checked',
  leaves: 'function',
  switches: 'function',
  evidence: 'documents',
  sources: [
    'V. Pavlik, live-patching list, 7 November 2014 (LEAVE_FUNCTION, SWITCH_FUNCTION)',
    'J. Kosina and J. Poimboeuf, "Re: [RFC kgr on klp 0/9]", 5 May 2015',
    'M. Benes, "livepatch: Remove immediate feature", January 2018',
  ],
  parameters: [],
  variants: [],
  cannot: [
    'It can never remove the module: nobody knows when its functions are left.',
    'It keeps none of the promises that several functions or data need which change together.',
  ],
  play: playImmediate,
};

/** All tasks go over at once, wherever they are; those inside old calls are followed until they return. */
export function playImmediate(run: ModelRun): Trace {
  const bench = new Bench(run, {});
  return bench.play(() => {
    if (bench.patched.size > 1) {
      const text = `The ${bench.patched.size} functions go over one after the other, in the order of the patch: for microseconds some are new and others old`;
      bench.emit({ at: 0, type: 'finding', id: ONE_BY_ONE, text });
    }
    for (const task of [...bench.tasks, ...bench.idleTasks]) bench.switchTask(task, 'at-once');
    bench.finish('done');
  });
}
