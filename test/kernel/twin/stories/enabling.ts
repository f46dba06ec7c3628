import type { Story } from '../story.ts';
import { A, CALLED, CMDLINE, life, load, retire, settle, target, unload, untarget, write } from './words.ts';

/** Enabling and disabling, and every way in which it is refused. */
export const ENABLING: readonly Story[] = [
  {
    name: 'enable-disable',
    title: 'A patch of the kernel itself is enabled, disabled and unloaded.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: life('lp_one'),
  },
  {
    name: 'enable-twice-in-a-row',
    title: 'A module can be loaded again after it was disabled and unloaded.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: [...life('lp_one'), ...life('lp_one')],
  },
  {
    name: 'callbacks-of-vmlinux',
    title: 'The four callbacks of the kernel itself run in order.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: life('lp_one'),
  },
  {
    name: 'pre-patch-fails',
    title: 'pre_patch returns an error, which insmod gets, and no other callback runs.',
    patches: { lp_one: { objects: [{ ...CMDLINE, callbacks: { pre_patch: -19, post_patch: 0, post_unpatch: 0 } }] } },
    steps: [load('lp_one'), settle, unload('lp_one')],
  },
  {
    name: 'pre-patch-returns-positive',
    title: 'pre_patch returns 1: insmod succeeds, nothing is patched, the module stays.',
    patches: { lp_one: { objects: [{ ...CMDLINE, callbacks: { pre_patch: 1, post_unpatch: 0 } }] } },
    steps: [load('lp_one'), settle, unload('lp_one')],
  },
  {
    name: 'pre-patch-of-second-object-fails',
    title: 'The object in front of the one that fails gets its post_unpatch, the failing one does not.',
    patches: {
      lp_one: {
        objects: [
          CALLED,
          { object: A, funcs: [`${A}_killable`], callbacks: { pre_patch: -22, post_patch: 0, post_unpatch: 0 } },
        ],
      },
    },
    targets: [A],
    steps: [target(A), load('lp_one'), settle, untarget(A)],
  },
  {
    name: 'function-missing-in-vmlinux',
    title: 'A function that the kernel does not have.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['no_such_function'] }] } },
    symbols: { no_such_function: 0 },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-ambiguous',
    title: 'A name that many functions of the kernel have, without a position.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['c_start'] }] } },
    symbols: { c_start: 2 },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-position-too-high',
    title: 'A position beyond the last function of that name.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: [{ name: 'cmdline_proc_show', sympos: 2 }] }] } },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-position-one',
    title: 'Position 1 of a function that exists once.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: [{ name: 'cmdline_proc_show', sympos: 1 }] }] } },
    steps: life('lp_one'),
  },
  {
    name: 'function-not-traceable',
    title: 'A function without a place for ftrace: the second one of its object fails, the first is taken back.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['cmdline_proc_show', '__schedule'] }] } },
    symbols: { __schedule: 'notrace' },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'same-function-twice',
    title: 'Two entries for one function.',
    patches: {
      lp_one: { objects: [{ ...CMDLINE, funcs: ['cmdline_proc_show', { name: 'cmdline_proc_show', sympos: 1 }] }] },
    },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'no-mark',
    title: 'A module without the livepatch mark.',
    patches: { lp_one: { objects: [CMDLINE], withoutMark: true } },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'no-exit',
    title: 'A module without an exit function can not be unloaded.',
    patches: { lp_one: { objects: [CMDLINE], withoutExit: true } },
    steps: [load('lp_one'), settle, ...retire('lp_one')],
  },
  {
    name: 'ftrace-off',
    title: 'ftrace is switched off by sysctl: the patch can not be enabled.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: [
      { sysctl: 'kernel.ftrace_enabled', value: '0' },
      load('lp_one'),
      settle,
      { sysctl: 'kernel.ftrace_enabled', value: '1' },
      ...life('lp_one'),
    ],
  },
  {
    name: 'ftrace-stays-on',
    title: 'While a patch is enabled ftrace can not be switched off.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: [load('lp_one'), settle, { sysctl: 'kernel.ftrace_enabled', value: '0' }, ...retire('lp_one')],
  },
  {
    name: 'writes-that-are-refused',
    title: 'What `enabled` and `force` take and refuse outside a transition.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: [
      load('lp_one'),
      settle,
      write('lp_one/enabled', '1'),
      write('lp_one/enabled', 'maybe'),
      write('lp_one/force', '0'),
      write('lp_one/force', '1'),
      write('lp_one/force', 'x'),
      write('lp_one/enabled', 'off'),
      settle,
      write('lp_one/enabled', '1'),
      unload('lp_one'),
    ],
  },
  {
    name: 'unload-too-early',
    title: 'An enabled patch can not be unloaded, and not be loaded a second time.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: [load('lp_one'), settle, unload('lp_one'), load('lp_one'), ...retire('lp_one')],
  },
];
