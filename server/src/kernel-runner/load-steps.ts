import type { GuestStep } from './guest-plan.ts';

/** Milliseconds: signals come after 15 s, and every task that heeds them is through a little later. */
const TRANSITION_LIMIT = 40_000;

/**
 * Loads a livepatch module, calls what examples like to patch and reads what sysfs tells, disables it and unloads it.
 * LOAD_STEPS of load-verdict.ts names the steps by their place.
 */
export function loadSteps(module: string, file: string): GuestStep[] {
  return [
    { do: 'insmod', file },
    { do: 'wait-quiet', limit: TRANSITION_LIMIT },
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
