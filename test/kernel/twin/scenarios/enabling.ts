import type { Scenario } from '../scenario.ts';
import { A, CALLED, CMDLINE, disable, life, load, settle, target, unload, untarget, write } from './words.ts';

/** Enabling and disabling, and every way in which it is refused. */
export const ENABLING: readonly Scenario[] = [
  {
    name: 'enable-disable',
    about: 'A patch of the kernel itself is enabled, disabled and unloaded.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: life('lp_one'),
  },
  {
    name: 'enable-twice-in-a-row',
    about: 'A module can be loaded again after it was disabled and unloaded.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: [...life('lp_one'), ...life('lp_one')],
  },
  {
    name: 'callbacks-of-vmlinux',
    about: 'The four callbacks of the kernel itself run in order.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: life('lp_one'),
  },
  {
    name: 'pre-patch-fails',
    about: 'pre_patch returns an error, which insmod gets, and no other callback runs.',
    patches: { lp_one: { objects: [{ ...CMDLINE, callbacks: { pre_patch: -19, post_patch: 0, post_unpatch: 0 } }] } },
    steps: [load('lp_one'), settle, unload('lp_one')],
  },
  {
    name: 'pre-patch-returns-positive',
    about: 'pre_patch returns 1: insmod succeeds, nothing is patched, the module stays.',
    patches: { lp_one: { objects: [{ ...CMDLINE, callbacks: { pre_patch: 1, post_unpatch: 0 } }] } },
    steps: [load('lp_one'), settle, unload('lp_one')],
  },
  {
    name: 'pre-patch-of-second-object-fails',
    about: 'The object in front of the one that fails gets its post_unpatch, the failing one does not.',
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
    about: 'A function that the kernel does not have.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['no_such_function'] }] } },
    symbols: { no_such_function: [] },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-ambiguous',
    about: 'A name that many functions of the kernel have, without a position.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['c_start'] }] } },
    symbols: { c_start: [{ traceable: true }, { traceable: true }] },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-position-too-high',
    about: 'A position beyond the last function of that name.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: [{ name: 'cmdline_proc_show', sympos: 2 }] }] } },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'function-position-one',
    about: 'Position 1 of a function that exists once.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: [{ name: 'cmdline_proc_show', sympos: 1 }] }] } },
    steps: life('lp_one'),
  },
  {
    name: 'function-not-traceable',
    about: 'A function without a place for ftrace: the second one of its object fails, the first is taken back.',
    patches: { lp_one: { objects: [{ ...CALLED, funcs: ['cmdline_proc_show', '__schedule'] }] } },
    symbols: { __schedule: [{ traceable: false }] },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'same-function-twice',
    about: 'Two entries for one function.',
    patches: {
      lp_one: { objects: [{ ...CMDLINE, funcs: ['cmdline_proc_show', { name: 'cmdline_proc_show', sympos: 1 }] }] },
    },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'no-mark',
    about: 'A module without the livepatch mark.',
    patches: { lp_one: { objects: [CMDLINE], withoutMark: true } },
    steps: [load('lp_one'), settle],
  },
  {
    name: 'no-exit',
    about: 'A module without an exit function can not be unloaded.',
    patches: { lp_one: { objects: [CMDLINE], withoutExit: true } },
    steps: [load('lp_one'), settle, disable('lp_one'), settle, unload('lp_one')],
  },
  {
    name: 'ftrace-off',
    about: 'ftrace is switched off by sysctl: the patch can not be enabled.',
    patches: { lp_one: { objects: [CALLED] } },
    steps: [
      { do: 'sysctl', name: 'kernel.ftrace_enabled', value: '0' },
      load('lp_one'),
      settle,
      { do: 'sysctl', name: 'kernel.ftrace_enabled', value: '1' },
      ...life('lp_one'),
    ],
  },
  {
    name: 'ftrace-stays-on',
    about: 'While a patch is enabled ftrace can not be switched off.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: [
      load('lp_one'),
      settle,
      { do: 'sysctl', name: 'kernel.ftrace_enabled', value: '0' },
      disable('lp_one'),
      settle,
      unload('lp_one'),
    ],
  },
  {
    name: 'writes-that-are-refused',
    about: 'What `enabled` and `force` take and refuse outside a transition.',
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
    about: 'An enabled patch can not be unloaded, and not be loaded a second time.',
    patches: { lp_one: { objects: [CMDLINE] } },
    steps: [load('lp_one'), settle, unload('lp_one'), load('lp_one'), disable('lp_one'), settle, unload('lp_one')],
  },
];
