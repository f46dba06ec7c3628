import type { PatchingModel } from '../model.ts';
import { playStopMachine } from '../stop-machine.ts';

/**
 * Ksplice: stop_machine(), a conservative look at every thread's stack, and a jump written to the start of each replaced
 * function. Its kernel module tries again for as long as it finds code in use, 5 times, a second apart, and then gives up.
 * LEAVE_PATCHED_SET and SWITCH_KERNEL.
 */
export const ksplice: PatchingModel = {
  id: 'ksplice',
  title: 'Ksplice',
  summary: 'all at once: CPUs stopped, no patched function on any stack',
  leaves: 'patched-set',
  switches: 'kernel',
  evidence: 'documents',
  sources: [
    'J. Arnold and M. F. Kaashoek, "Ksplice: Automatic Rebootless Kernel Updates", EuroSys 2009',
    'kmodsrc/ksplice.c of Ksplice (2008): apply_patches() tries 5 times, a second apart',
    'J. Kosina in the debate of February 2015: Ksplice looks at stacks, too',
  ],
  parameters: [
    {
      name: 'stopTime',
      value: 1_000,
      unit: 'us',
      about: 'for how long one attempt stops all CPUs',
      source: 'Assumption: in the order of a millisecond.',
    },
    {
      name: 'attempts',
      value: 5,
      unit: 'times',
      about: 'how often it tries',
      source: 'apply_patches() in kmodsrc/ksplice.c.',
    },
    {
      name: 'interval',
      value: 1_000_000,
      unit: 'us',
      about: 'between two attempts',
      source: 'apply_patches() in kmodsrc/ksplice.c.',
    },
  ],
  variants: [],
  cannot: [
    'It can not patch a function that some task always sleeps in.',
    'It can not be used where stopping all CPUs is too long.',
  ],
  play: (run) => playStopMachine(run),
};
