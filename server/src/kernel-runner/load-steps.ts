import type { ModuleSource } from './build-modules.ts';
import type { GuestStep } from './guest-plan.ts';

/** Milliseconds: signals come after 15 s, and every task that heeds them is through a little later. */
const TRANSITION_LIMIT = 40_000;

/**
 * A module that does nothing. To load it makes the kernel give memory back that it had only put aside: what a livepatch
 * module uses though it was freed is gone then, as it sooner or later is on every machine.
 */
export const BYSTANDER: ModuleSource = {
  name: 'klp_bystander',
  files: {
    'klp_bystander.c': [
      '#include <linux/module.h>',
      'static int __init bystander_init(void) { return 0; }',
      'static void __exit bystander_exit(void) { }',
      'module_init(bystander_init);',
      'module_exit(bystander_exit);',
      'MODULE_LICENSE("GPL");',
      '',
    ].join('\n'),
  },
};

/**
 * Loads a livepatch module, calls what examples like to patch and reads what sysfs tells, disables it and unloads it.
 * LOAD_STEPS of load-verdict.ts names the steps by their place.
 */
export function loadSteps(module: string, file: string): GuestStep[] {
  return [
    { do: 'insmod', file },
    { do: 'wait-quiet', limit: TRANSITION_LIMIT },
    { do: 'wait', ms: 300 },
    { do: 'insmod', file: `/modules/${BYSTANDER.name}.ko` },
    { do: 'rmmod', module: BYSTANDER.name, patience: 2_000 },
    { do: 'shell', command: USE },
    { do: 'write', path: `/sys/kernel/livepatch/${module}/enabled`, value: '0' },
    { do: 'wait-quiet', limit: TRANSITION_LIMIT },
    { do: 'rmmod', module, patience: 2_000 },
  ];
}

/** Reads common files of /proc, makes system calls, reads the patch's sysfs files: whatever is broken shows. */
const USE = [
  'cd /proc; for f in uptime cmdline loadavg meminfo version stat self/status self/cmdline; do busybox cat $f; done',
  'busybox id; busybox uname -a; busybox sleep 0.01',
  'for f in $(busybox find /sys/kernel/livepatch -type f ! -name force); do busybox cat $f; done',
].join('; ');
