import type { PatchImage, RelocationImage } from '../../../../shared/src/model/index.ts';
import type { SimulateOptions } from '../../../../shared/src/simulator/simulate.ts';
import type { Step } from '../../../../shared/src/simulator/step.ts';
import type { Workload } from '../../../../shared/src/simulator/workload.ts';
import {
  ALL_CALLBACKS,
  asleep,
  at,
  FOREVER,
  load,
  loadTarget,
  machine,
  object,
  patch,
  QUIET,
  READER,
  STUCK,
  task,
  unload,
  unloadTarget,
  write,
} from '../support.ts';

/**
 * Every place in kernel/livepatch/*.c of 6.1 and 6.12 that returns an error, prints a line or warns, and how the simulator
 * comes there. A test against the kernel's sources says when one is missing.
 */

/** A run that comes to such a place. */
export interface Way {
  readonly steps: readonly Step[];
  readonly workload?: Workload;
  readonly options?: Partial<SimulateOptions>;
  /** What the last step returns; absent: 0. */
  readonly errno?: number;
  /** Lines that the log has, without `livepatch: `. */
  readonly lines?: readonly string[];
  /** Nothing is in the log but the taint. */
  readonly silent?: true;
  /** The kernel that it is for; absent: both. */
  readonly kernel?: '6.1' | '6.12';
}

/** A place: its file, its function, and what it does: `-EINVAL`, `err FORMAT`, `WARN`. */
export type Place = `${string}.c ${string}: ${string}`;

/** Why the simulator never comes to a place. */
export type Reason = 'no memory' | 'bug of the kernel' | 'not in a module';

const f = ['cmdline_proc_show'];
const lp = patch('lp', { vmlinux: f });
const first = (image: PatchImage): Step[] => [at(0, load(image))];
const known = (matches: readonly { readonly traceable: boolean; readonly taken?: boolean }[]) => ({
  symbols: { find: () => matches },
});

const relocation = (more: Partial<RelocationImage>): RelocationImage => ({
  object: 'ext4',
  symbol: { object: 'ext4', name: 'sym', sympos: 0 },
  ...more,
});
const relocating = (more: Partial<RelocationImage>) =>
  patch('lp', { vmlinux: f, ext4: ['g'] }, { relocations: [relocation(more)] });
const EXT4 = { ...QUIET, modules: ['ext4'] };
const HELD = { workload: STUCK, steps: [at(0, load(patch('lp', { vmlinux: ['msleep'] })))] };
const RUNNING = machine([task('busy', [{ do: 'user', for: FOREVER }], { cpus: [1] })], { cpus: 2, nohzFullCpus: [1] });
const UNRELIABLE = machine([asleep('cat', ['pipe_read'], { reliable: false, state: 'uninterruptible' })]);
const long = (length: number) => 'x'.repeat(length);

export const PATHS: { readonly [place: Place]: Way | Reason } = {
  // core.c: symbols and relocations
  "core.c klp_find_object_symbol: err symbol '%s' not found in symbol table": {
    steps: first(lp),
    options: known([]),
    errno: -22,
    lines: ["symbol 'cmdline_proc_show' not found in symbol table"],
  },
  "core.c klp_find_object_symbol: err unresolvable ambiguity for symbol '%s' in object '%s'": {
    steps: first(lp),
    options: known([{ traceable: true }, { traceable: true }]),
    errno: -22,
    lines: ["unresolvable ambiguity for symbol 'cmdline_proc_show' in object '(null)'"],
  },
  "core.c klp_find_object_symbol: err symbol position %lu for symbol '%s' in object '%s' not found": {
    steps: first(patch('lp', { vmlinux: { funcs: [{ oldName: 'f', oldSympos: 2 }] } })),
    options: known([{ traceable: true }]),
    errno: -22,
    lines: ["symbol position 2 for symbol 'f' in object 'vmlinux' not found"],
  },
  'core.c klp_find_object_symbol: -EINVAL': { steps: first(lp), options: known([]), errno: -22 },
  'core.c klp_resolve_symbols: err symbol %s is not marked as a livepatch symbol': {
    steps: first(relocating({ fault: { of: 'mark', name: 'plain' } })),
    workload: EXT4,
    errno: -22,
    lines: ['symbol plain is not marked as a livepatch symbol'],
  },
  'core.c klp_resolve_symbols: err symbol %s has an incorrectly formatted name': {
    steps: first(relocating({ fault: { of: 'symbol', name: '.klp.sym.ext4.sym' } })),
    workload: EXT4,
    errno: -22,
    lines: ['symbol .klp.sym.ext4.sym has an incorrectly formatted name'],
  },
  "core.c klp_resolve_symbols: err invalid access to vmlinux symbol '%s' from module-specific livepatch relocation section":
    {
      steps: first(relocating({ symbol: { object: null, name: 'printk', sympos: 0 } })),
      workload: EXT4,
      errno: -22,
      lines: ["invalid access to vmlinux symbol 'printk' from module-specific livepatch relocation section"],
    },
  'core.c klp_resolve_symbols: -EINVAL': {
    steps: [at(0, load(relocating({ fault: { of: 'mark', name: 'plain' } }))), at(2, loadTarget('ext4'))],
    errno: -22,
    lines: [
      'symbol plain is not marked as a livepatch symbol',
      "failed to initialize patch 'lp' for module 'ext4' (-22)",
      "patch 'lp' failed for module 'ext4', refusing to load module 'ext4'",
    ],
  },
  'core.c klp_resolve_symbols: -EINVAL (2)': {
    steps: first(relocating({ fault: { of: 'symbol', name: '.klp.sym.ext4.sym' } })),
    workload: EXT4,
    errno: -22,
  },
  'core.c klp_resolve_symbols: -EINVAL (3)': {
    steps: first(relocating({ symbol: { object: null, name: 'printk', sympos: 0 } })),
    workload: EXT4,
    errno: -22,
  },
  'core.c klp_write_section_relocs: err section %s has an incorrectly formatted name': {
    steps: first(relocating({ object: null, fault: { of: 'section', name: '.klp.rela.' } })),
    errno: -22,
    lines: ['section .klp.rela. has an incorrectly formatted name'],
  },
  'core.c klp_write_section_relocs: -EINVAL': {
    steps: first(relocating({ object: null, fault: { of: 'section', name: '.klp.rela.' } })),
    errno: -22,
  },

  // core.c: sysfs
  'core.c enabled_store: -EINVAL': {
    steps: [...first(patch('lp', { vmlinux: f })), at(3, write('lp/enabled', '1'))],
    errno: -22,
  },
  'core.c enabled_store: -EINVAL (2)': {
    // Disabled and not yet freed: its directory is there for some hundred microseconds.
    steps: [...first(lp), at(3, write('lp/enabled', '0')), { ...at(3, write('lp/enabled', '1')), at: 3_000_050 }],
    errno: -22,
  },
  'core.c force_store: -EINVAL': { steps: [...first(lp), at(3, write('lp/force', '1'))], errno: -22 },

  // core.c: enabling
  'core.c klp_add_object_nops: -ENOMEM': 'no memory',
  'core.c klp_add_object_nops: -ENOMEM (2)': 'no memory',
  'core.c klp_init_func: -EINVAL': {
    steps: first(patch('lp', { vmlinux: { funcs: [{ oldName: '', nullFields: ['old_name'] }] } })),
    errno: -22,
    silent: true,
  },
  'core.c klp_init_func: -EINVAL (2)': {
    steps: first(patch('lp', { vmlinux: { funcs: [{ nullFields: ['new_func'] }] } })),
    errno: -22,
    silent: true,
  },
  'core.c klp_init_func: -EINVAL (3)': {
    steps: first(patch('lp', { vmlinux: [long(512)] })),
    errno: -22,
    silent: true,
  },
  "core.c klp_init_object_loaded: err kallsyms size lookup failed for '%s'": 'bug of the kernel',
  'core.c klp_init_object_loaded: -ENOENT': 'bug of the kernel',
  "core.c klp_init_object_loaded: err kallsyms size lookup failed for '%s' replacement": {
    steps: first(patch('lp', { vmlinux: { funcs: [{ oldName: 'f', newFuncIsData: true }] } })),
    kernel: '6.12',
    errno: -2,
    lines: ["kallsyms size lookup failed for 'f' replacement"],
  },
  'core.c klp_init_object_loaded: -ENOENT (2)': {
    steps: [
      at(0, load(patch('lp', { ext4: { funcs: [{ oldName: 'f', newFuncIsData: true }] } }))),
      at(3, loadTarget('ext4')),
    ],
    kernel: '6.12',
    errno: -2,
    lines: ["failed to initialize patch 'lp' for module 'ext4' (-2)"],
  },
  'core.c klp_init_object: -EINVAL': { steps: first(patch('lp', { [long(56)]: f })), errno: -22, silent: true },
  'core.c __klp_disable_patch: WARN': 'bug of the kernel',
  'core.c __klp_disable_patch: -EINVAL': 'bug of the kernel',
  'core.c __klp_disable_patch: -EBUSY': {
    ...HELD,
    steps: [at(0, load(lp)), at(3, load(patch('b', { vmlinux: ['msleep'] }))), at(6, write('lp/enabled', '0'))],
    errno: -16,
  },
  'core.c __klp_enable_patch: -EBUSY': {
    ...HELD,
    steps: [...HELD.steps, at(3, load(patch('b', { vmlinux: f })))],
    errno: -16,
  },
  'core.c __klp_enable_patch: WARN': 'bug of the kernel',
  'core.c __klp_enable_patch: -EINVAL': 'bug of the kernel',
  "core.c __klp_enable_patch: notice enabling patch '%s'": { steps: first(lp), lines: ["enabling patch 'lp'"] },
  "core.c __klp_enable_patch: warn pre-patch callback failed for object '%s'": {
    steps: first(patch('lp', { vmlinux: { funcs: f, callbacks: { pre_patch: -19 } } })),
    errno: -19,
    lines: ["pre-patch callback failed for object 'vmlinux'", "failed to enable patch 'lp'"],
  },
  "core.c __klp_enable_patch: warn failed to patch object '%s'": {
    steps: first(lp),
    options: known([{ traceable: false }]),
    errno: -22,
    lines: ["failed to patch object 'vmlinux'"],
  },
  "core.c __klp_enable_patch: warn failed to enable patch '%s'": {
    steps: first(lp),
    options: known([{ traceable: false }]),
    errno: -22,
    lines: ["failed to enable patch 'lp'", "'lp': unpatching complete"],
  },
  'core.c klp_enable_patch: -EINVAL': {
    steps: first(patch('lp', { vmlinux: f }, { nullFields: ['mod'] })),
    errno: -22,
    silent: true,
  },
  'core.c klp_enable_patch: -EINVAL (2)': {
    steps: first({ ...lp, objects: [object('lp', 'ext4', { nullFields: ['funcs'] })] }),
    errno: -22,
    silent: true,
  },
  'core.c klp_enable_patch: err module %s is not marked as a livepatch module': {
    steps: first(patch('lp', { vmlinux: f }, { livepatchMark: false })),
    errno: -22,
    lines: ['module lp is not marked as a livepatch module'],
  },
  'core.c klp_enable_patch: -EINVAL (3)': {
    steps: first(patch('lp', { vmlinux: f }, { livepatchMark: false })),
    errno: -22,
  },
  // No memory for /sys/kernel/livepatch while the kernel started.
  'core.c klp_enable_patch: -ENODEV': 'no memory',
  "core.c klp_enable_patch: warn This architecture doesn't have support for the livepatch consistency model.": {
    steps: first(lp),
    options: { model: 'hybrid-without-stacks' },
    lines: ["This architecture doesn't have support for the livepatch consistency model."],
  },
  'core.c klp_enable_patch: warn The livepatch transition may never complete.': {
    steps: first(lp),
    options: { model: 'hybrid-without-stacks' },
    lines: ['The livepatch transition may never complete.', "enabling patch 'lp'"],
  },
  'core.c klp_enable_patch: err Livepatch patch (%s) is not compatible with the already installed livepatches.': {
    steps: [
      at(0, load(patch('a', { vmlinux: f }, { states: [{ id: 1, version: 2 }] }))),
      at(3, load(patch('lp', { vmlinux: f }, { states: [{ id: 1, version: 1 }] }))),
    ],
    errno: -22,
    lines: ['Livepatch patch (lp) is not compatible with the already installed livepatches.'],
  },
  'core.c klp_enable_patch: -EINVAL (4)': {
    steps: [
      at(0, load(patch('a', { vmlinux: f }, { states: [{ id: 1, version: 2 }] }))),
      at(3, load(patch('lp', { vmlinux: f }, { replace: true }))),
    ],
    errno: -22,
  },
  // try_module_get() of a module whose init function runs.
  'core.c klp_enable_patch: -ENODEV (2)': 'bug of the kernel',

  // core.c: target modules
  "core.c klp_cleanup_module_patches_limited: notice reverting patch '%s' on unloading module '%s'": {
    steps: [at(0, load(patch('lp', { ext4: f }))), at(3, unloadTarget('ext4'))],
    workload: EXT4,
    lines: ["reverting patch 'lp' on unloading module 'ext4'"],
  },
  'core.c klp_module_coming: WARN': 'bug of the kernel',
  'core.c klp_module_coming: -EINVAL': 'bug of the kernel',
  'core.c klp_module_coming: err vmlinux.ko: invalid module name': {
    steps: [at(0, loadTarget('vmlinux'))],
    errno: -22,
    lines: ['vmlinux.ko: invalid module name'],
  },
  'core.c klp_module_coming: -EINVAL (2)': { steps: [at(0, loadTarget('vmlinux'))], errno: -22 },
  "core.c klp_module_coming: warn failed to initialize patch '%s' for module '%s' (%d)": {
    steps: [at(0, load(patch('lp', { ext4: f }))), at(3, loadTarget('ext4'))],
    options: known([]),
    errno: -22,
    lines: ["failed to initialize patch 'lp' for module 'ext4' (-22)"],
  },
  "core.c klp_module_coming: notice applying patch '%s' to loading module '%s'": {
    steps: [at(0, load(patch('lp', { ext4: f }))), at(3, loadTarget('ext4'))],
    lines: ["applying patch 'lp' to loading module 'ext4'"],
  },
  "core.c klp_module_coming: warn pre-patch callback failed for object '%s'": {
    steps: [at(0, load(patch('lp', { ext4: { funcs: f, callbacks: { pre_patch: -12 } } }))), at(3, loadTarget('ext4'))],
    errno: -12,
    lines: ["pre-patch callback failed for object 'ext4'"],
  },
  "core.c klp_module_coming: warn failed to apply patch '%s' to module '%s' (%d)": {
    steps: [at(0, load(patch('lp', { ext4: f }))), at(3, loadTarget('ext4'))],
    options: known([{ traceable: true, taken: true }]),
    errno: -16,
    lines: ["failed to apply patch 'lp' to module 'ext4' (-16)"],
  },
  "core.c klp_module_coming: warn patch '%s' failed for module '%s', refusing to load module '%s'": {
    steps: [at(0, load(patch('lp', { ext4: f }))), at(3, loadTarget('ext4'))],
    options: known([]),
    errno: -22,
    lines: ["patch 'lp' failed for module 'ext4', refusing to load module 'ext4'"],
  },
  'core.c klp_module_going: WARN': 'bug of the kernel',
  'core.c klp_init: -ENOMEM': 'no memory',

  // patch.c
  'patch.c klp_ftrace_handler: WARN': 'bug of the kernel',
  'patch.c klp_ftrace_handler: WARN (2)': 'bug of the kernel',
  'patch.c klp_ftrace_handler: WARN (3)': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN (2)': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN (3)': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN (4)': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN (5)': 'bug of the kernel',
  'patch.c klp_unpatch_func: WARN (6)': 'bug of the kernel',
  'patch.c klp_patch_func: WARN': 'bug of the kernel',
  'patch.c klp_patch_func: -EINVAL': 'bug of the kernel',
  'patch.c klp_patch_func: WARN (2)': 'bug of the kernel',
  'patch.c klp_patch_func: -EINVAL (2)': 'bug of the kernel',
  "patch.c klp_patch_func: err failed to find location for function '%s'": {
    steps: first(lp),
    options: known([{ traceable: false }]),
    errno: -22,
    lines: ["failed to find location for function 'cmdline_proc_show'"],
  },
  'patch.c klp_patch_func: -EINVAL (3)': { steps: first(lp), options: known([{ traceable: false }]), errno: -22 },
  'patch.c klp_patch_func: -ENOMEM': 'no memory',
  // ftrace_set_filter_ip() of a place that ftrace_location() has just found.
  "patch.c klp_patch_func: err failed to set ftrace filter for function '%s' (%d)": 'bug of the kernel',
  "patch.c klp_patch_func: err failed to register ftrace handler for function '%s' (%d)": {
    steps: first(lp),
    options: known([{ traceable: true, taken: true }]),
    errno: -16,
    lines: ["failed to register ftrace handler for function 'cmdline_proc_show' (-16)"],
  },
  'patch.c klp_patch_object: WARN': 'bug of the kernel',
  'patch.c klp_patch_object: -EINVAL': 'bug of the kernel',

  // shadow.c and state.c
  'shadow.c __klp_shadow_get_or_alloc: err Failed to construct shadow variable <%p, %lx> (%d)': {
    steps: first(shadowing({ constructs: -12 })),
    lines: ['Failed to construct shadow variable <%p, 10> (-12)'],
  },
  'shadow.c __klp_shadow_get_or_alloc: WARN': {
    steps: [
      at(0, load(shadowing({}))),
      at(3, write('lp/enabled', '0')),
      at(6, unload('lp')),
      at(9, load(shadowing({}))),
    ],
    lines: ['Duplicate shadow variable <%p, 10>'],
  },
  'state.c klp_get_prev_state: WARN': 'not in a module',

  // transition.c
  "transition.c klp_complete_transition: debug '%s': completing %s transition": {
    steps: first(lp),
    lines: ["'lp': completing patching transition"],
  },
  'transition.c klp_complete_transition: WARN': 'bug of the kernel',
  'transition.c klp_complete_transition: WARN (2)': 'bug of the kernel',
  "transition.c klp_complete_transition: notice '%s': %s complete": {
    steps: first(lp),
    lines: ["'lp': patching complete"],
  },
  'transition.c klp_cancel_transition: WARN': 'bug of the kernel',
  "transition.c klp_cancel_transition: debug '%s': canceling patching transition, going to unpatch": {
    steps: first(lp),
    options: known([{ traceable: false }]),
    errno: -22,
    lines: ["'lp': canceling patching transition, going to unpatch"],
  },
  // klp_check_stack_func() says it to klp_check_stack(), which makes -EADDRINUSE of it.
  'transition.c klp_check_stack_func: -EAGAIN': { ...HELD },
  'transition.c klp_check_stack: -EINVAL': { steps: first(lp), workload: UNRELIABLE },
  'transition.c klp_check_stack: -EADDRINUSE': { ...HELD },
  'transition.c klp_check_and_switch_task: -EBUSY': { steps: first(lp), workload: RUNNING },
  'transition.c klp_try_switch_task: debug %s: %s:%d is running': {
    steps: first(lp),
    workload: RUNNING,
    lines: ['klp_try_switch_task: busy:1 is running'],
  },
  'transition.c klp_try_switch_task: debug %s: %s:%d has an unreliable stack': {
    steps: first(lp),
    workload: UNRELIABLE,
    lines: ['klp_try_switch_task: cat:1 has an unreliable stack'],
  },
  'transition.c klp_try_switch_task: debug %s: %s:%d is sleeping on function %s': {
    ...HELD,
    lines: ['klp_try_switch_task: stuck:2 is sleeping on function msleep'],
  },
  'transition.c klp_try_switch_task: debug %s: Unknown error code (%d) when trying to switch %s:%d':
    'bug of the kernel',
  'transition.c klp_send_signals: notice signaling remaining tasks': {
    steps: first(patch('lp', { vmlinux: ['pipe_read'] })),
    workload: READER,
    lines: ['signaling remaining tasks', "'lp': patching complete"],
  },
  'transition.c klp_try_complete_transition: WARN': 'bug of the kernel',
  'transition.c klp_start_transition: WARN': 'bug of the kernel',
  "transition.c klp_start_transition: notice '%s': starting %s transition": {
    steps: first(lp),
    lines: ["'lp': starting patching transition"],
  },
  'transition.c klp_init_transition: WARN': 'bug of the kernel',
  "transition.c klp_init_transition: debug '%s': initializing %s transition": {
    steps: [
      ...first(patch('lp', { vmlinux: { funcs: f, callbacks: ALL_CALLBACKS } })),
      at(3, write('lp/enabled', '0')),
    ],
    lines: ["'lp': initializing patching transition", "'lp': initializing unpatching transition"],
  },
  'transition.c klp_init_transition: WARN (2)': 'bug of the kernel',
  'transition.c klp_init_transition: WARN (3)': 'bug of the kernel',
  "transition.c klp_reverse_transition: debug '%s': reversing transition from %s": {
    ...HELD,
    steps: [...HELD.steps, at(3, write('lp/enabled', '0')), at(3.0001, write('lp/enabled', '1'))],
    lines: [
      "'lp': reversing transition from patching to unpatching",
      "'lp': reversing transition from unpatching to patching",
    ],
  },
  'transition.c klp_force_transition: warn forcing remaining tasks to the patched state': {
    ...HELD,
    steps: [...HELD.steps, at(3, write('lp/force', '1'))],
    lines: ['forcing remaining tasks to the patched state', "'lp': patching complete"],
  },
};

/** A patch whose pre_patch attaches a shadow variable to an object that is always there. */
function shadowing(more: { readonly constructs?: number }): PatchImage {
  const image = patch('lp', { vmlinux: f });
  const shadow = [{ call: 'alloc' as const, id: 16, object: '&init_task', source: null, ...more }];
  const pre_patch = { function: 'attach', returns: 0, returnKnown: true, source: null, shadow };
  return { ...image, objects: image.objects.map((each) => ({ ...each, callbacks: { pre_patch } })) };
}
