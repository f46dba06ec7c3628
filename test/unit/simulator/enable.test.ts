import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import {
  ALL_CALLBACKS,
  at,
  errnos,
  events,
  load,
  loadTarget,
  patch,
  play,
  QUIET,
  SECOND,
  STUCK,
  story,
  unload,
  write,
} from './support.ts';

const TAINT = 'lp: tainting kernel with TAINT_LIVEPATCH';

describe('enabling, disabling and removing one patch', () => {
  const image = patch('lp', { vmlinux: { funcs: ['cmdline_proc_show'], callbacks: ALL_CALLBACKS } });
  const trace = play(QUIET, [at(0, load(image)), at(5, write('lp/enabled', '0')), at(10, unload('lp'))]);

  it('gives the log of the kernel, with the callbacks where it calls them', () => {
    expect(story(trace)).toEqual([
      '> load lp',
      TAINT,
      "enabling patch 'lp'",
      "'lp': initializing patching transition",
      '[pre_patch vmlinux]',
      "'lp': starting patching transition",
      "'lp': completing patching transition",
      '[post_patch vmlinux]',
      "'lp': patching complete",
      '> write lp/enabled = 0',
      "'lp': initializing unpatching transition",
      '[pre_unpatch vmlinux]',
      "'lp': starting unpatching transition",
      "'lp': completing unpatching transition",
      '[post_unpatch vmlinux]',
      "'lp': unpatching complete",
      '> unload lp',
    ]);
    expect(trace.stopped).toBe('quiet');
  });

  it('shows the patch in sysfs while it is there and not longer', () => {
    const paths = (seconds: number) =>
      stateAt(trace, seconds * SECOND).sysfs.map(
        ({ path, kind, value }) => `${path}${kind === 'dir' ? '/' : `=${value}`}`,
      );
    expect(paths(1)).toEqual([
      'lp/',
      'lp/enabled=1',
      'lp/force=null',
      'lp/replace=0',
      'lp/transition=0',
      'lp/vmlinux/',
      'lp/vmlinux/cmdline_proc_show,1/',
      'lp/vmlinux/patched=1',
    ]);
    expect(paths(6)).toEqual([]);
  });

  it('has no `replace` file on 6.1', () => {
    const old = play(QUIET, [at(0, load(image))], { kernel: '6.1' });
    expect(stateAt(old, SECOND).sysfs.map((node) => node.path)).not.toContain('lp/replace');
    expect(stateAt(old, SECOND).sysfs.map((node) => node.path)).toContain('lp/vmlinux/patched');
  });

  it('ends with no transition, no replacement and all tasks at -1', () => {
    const state = stateAt(trace, trace.end);
    expect(state.transition).toBeNull();
    expect(state.funcStacks).toEqual([]);
    expect(state.modules).toEqual([]);
    expect(new Set(state.tasks.map((task) => task.patchState))).toEqual(new Set([-1]));
  });
});

describe('the checks of klp_enable_patch()', () => {
  /** What loading it as the only thing says and returns. */
  const loading = (image: ReturnType<typeof patch>, more: Parameters<typeof play>[2] = {}) => {
    const trace = play(QUIET, [at(0, load(image))], more);
    const lines = story(trace).filter((line) => line !== TAINT && !line.startsWith('>'));
    const { sysfs, modules } = stateAt(trace, trace.end);
    return { errno: errnos(trace)[0], lines, sysfs, modules };
  };
  const nothing = { sysfs: [], modules: [] };

  it.each(['mod', 'objs'] as const)('E1: -EINVAL without a word when .%s is NULL', (field) => {
    const image = patch('lp', { vmlinux: ['f'] }, { nullFields: [field] });
    expect(loading(image)).toEqual({ errno: -22, lines: [], ...nothing });
  });

  it('E2: -EINVAL without a word for an object without functions', () => {
    const image = patch('lp', { vmlinux: ['f'], ext4: { nullFields: ['funcs'] } });
    expect(loading(image)).toEqual({ errno: -22, lines: [], ...nothing });
  });

  it('E3: a module without the livepatch mark, which does not taint either', () => {
    const trace = play(QUIET, [at(0, load(patch('lp', { vmlinux: ['f'] }, { livepatchMark: false })))]);
    expect(story(trace)).toEqual(['> load lp: -22', 'module lp is not marked as a livepatch module']);
  });

  it('takes a patch with no objects at all, as the kernel does', () => {
    expect(loading(patch('lp', {})).errno).toBe(0);
  });

  it('E9: the same module twice is refused by the loader', () => {
    const image = patch('lp', { vmlinux: ['f'] });
    expect(errnos(play(QUIET, [at(0, load(image)), at(1, load(image))]))).toEqual([0, -17]);
  });

  it.each([
    ['6.12', 'kobject: '],
    ['6.1', ''],
  ])('E12: one function twice, on %s', (kernel, prefix) => {
    expect(loading(patch('lp', { vmlinux: { funcs: ['f', { oldName: 'f', oldSympos: 1 }] } }), { kernel })).toEqual({
      errno: -17,
      lines: [
        "sysfs: cannot create duplicate filename '/kernel/livepatch/lp/vmlinux/f,1'",
        `${prefix}kobject_add_internal failed for f,1 with -EEXIST, don't try to register things with the same name in the same directory.`,
      ],
      ...nothing,
    });
  });

  it('E11: one object twice, also when its module is not loaded', () => {
    const image = patch('lp', { ext4: ['f'] });
    const { errno, lines } = loading({ ...image, objects: [...image.objects, ...image.objects] });
    expect(errno).toBe(-17);
    expect(lines[0]).toBe("sysfs: cannot create duplicate filename '/kernel/livepatch/lp/ext4'");
  });

  it('E11: a name that no module can have', () => {
    expect(loading(patch('lp', { ['m'.repeat(55)]: ['f'] })).errno).toBe(0);
    expect(loading(patch('lp', { ['m'.repeat(56)]: ['f'] }))).toEqual({ errno: -22, lines: [], ...nothing });
  });

  it.each(['old_name', 'new_func'] as const)('E12: -EINVAL without a word when .%s is NULL', (field) => {
    const image = patch('lp', { vmlinux: { funcs: [{ oldName: 'f', nullFields: [field] }] } });
    expect(loading(image)).toEqual({ errno: -22, lines: [], ...nothing });
  });

  it.each(['', 'f()', 'f '])("R1: a name that no symbol can have: '%s'", (oldName) => {
    const lines = [`symbol '${oldName}' not found in symbol table`];
    expect(loading(patch('lp', { vmlinux: [oldName] }))).toEqual({ errno: -22, lines, ...nothing });
    expect(loading(patch('lp', { vmlinux: ['do_sys.isra.0'] })).errno).toBe(0);
  });

  it('E11: an object with an empty name', () => {
    const lines = ['kobject: (%p): attempted to be registered with empty name!'];
    expect(loading(patch('lp', { '': ['f'] }))).toEqual({ errno: -22, lines, ...nothing });
  });

  it('E12: a name as long as KSYM_NAME_LEN', () => {
    expect(loading(patch('lp', { vmlinux: ['f'.repeat(511)] })).errno).toBe(0);
    expect(loading(patch('lp', { vmlinux: ['f'.repeat(512)] })).errno).toBe(-22);
  });

  it('E15: -EBUSY without a word while another patch is in transition, and nothing of it is left', () => {
    const first = patch('first', { vmlinux: ['msleep'] });
    const second = patch('second', { vmlinux: { funcs: ['f'], callbacks: ALL_CALLBACKS } });
    const trace = play(STUCK, [at(0, load(first)), at(2.5, load(second))], { timeLimit: 5 * SECOND });
    expect(errnos(trace)).toEqual([0, -16]);
    expect(story(trace).slice(story(trace).indexOf('> load second: -16') + 1)).not.toContain("enabling patch 'second'");
    const state = stateAt(trace, trace.end);
    expect(state.sysfs.filter((node) => node.path.startsWith('second'))).toEqual([]);
    expect(state.transition?.patch).toBe('first');
    expect(events(trace, 'callback')).toEqual([]);
  });

  it('E19: a failing pre_patch cancels, and only objects whose pre_patch went well are cleaned up', () => {
    const image = patch('lp', {
      vmlinux: { funcs: ['f'], callbacks: ALL_CALLBACKS },
      ext4: { funcs: ['g'], callbacks: { pre_patch: -19, post_patch: 0, pre_unpatch: 0, post_unpatch: 0 } },
    });
    const trace = play({ ...QUIET, modules: ['ext4'] }, [at(0, load(image))]);
    expect(story(trace)).toEqual([
      '> load lp: -19',
      TAINT,
      "enabling patch 'lp'",
      "'lp': initializing patching transition",
      '[pre_patch vmlinux]',
      '[pre_patch ext4]',
      "pre-patch callback failed for object 'ext4'",
      "failed to enable patch 'lp'",
      "'lp': canceling patching transition, going to unpatch",
      "'lp': completing unpatching transition",
      '[post_unpatch vmlinux]',
      "'lp': unpatching complete",
    ]);
    expect(stateAt(trace, trace.end)).toMatchObject({ sysfs: [], funcStacks: [], modules: [], transition: null });
  });

  it('E19: a positive value leaves the module loaded without a livepatch', () => {
    const image = patch('lp', { vmlinux: { funcs: ['f'], callbacks: { pre_patch: 1 } } });
    const trace = play(QUIET, [at(0, load(image)), at(1, load(image)), at(2, unload('lp'))]);
    expect(errnos(trace)).toEqual([0, -17, 0]);
    expect(story(trace)).toContain(
      "do_init_module: 'lp'->init suspiciously returned 1, it should follow 0/-E convention",
    );
    expect(stateAt(trace, SECOND / 2)).toMatchObject({ sysfs: [], modules: ['lp'] });
  });

  it('E20, F6: with ftrace switched off; post_unpatch runs for the object that failed too', () => {
    const off = { do: 'sysctl', name: 'kernel.ftrace_enabled', value: '0' } as const;
    const on = { ...off, value: '1' } as const;
    const image = patch('lp', { vmlinux: { funcs: ['cmdline_proc_show'], callbacks: ALL_CALLBACKS } });
    const trace = play(QUIET, [at(0, off), at(0, load(image)), at(1, on), at(1, load(image)), at(2, off)]);
    expect(story(trace).slice(0, 13)).toEqual([
      '> sysctl kernel.ftrace_enabled = 0',
      '> load lp: -16',
      TAINT,
      "enabling patch 'lp'",
      "'lp': initializing patching transition",
      '[pre_patch vmlinux]',
      "failed to register ftrace handler for function 'cmdline_proc_show' (-16)",
      "failed to patch object 'vmlinux'",
      "failed to enable patch 'lp'",
      "'lp': canceling patching transition, going to unpatch",
      "'lp': completing unpatching transition",
      '[post_unpatch vmlinux]',
      "'lp': unpatching complete",
    ]);
    // Once a livepatch is in, its ftrace users are permanent.
    expect(errnos(trace)).toEqual([0, -16, 0, 0, -16]);
  });

  it('says nothing about an object that is not loaded, and takes it', () => {
    const image = patch('lp', { not_there: { funcs: ['f'], callbacks: ALL_CALLBACKS } });
    const trace = play(QUIET, [at(0, load(image))]);
    expect(errnos(trace)).toEqual([0]);
    expect(events(trace, 'callback')).toEqual([]);
    expect(stateAt(trace, SECOND).sysfs).toContainEqual({ path: 'lp/not_there/patched', kind: 'file', value: '0' });
  });
});

describe('symbols, when a table of them is given', () => {
  const symbols = {
    find: (object: string | null, name: string) => {
      if (object === 'unknown_module') return null;
      if (name === 'twice') return [{ traceable: true }, { traceable: true }];
      if (name === 'notrace') return [{ traceable: false }];
      return name === 'once' ? [{ traceable: true }] : [];
    },
  };
  const logOf = (funcs: Parameters<typeof patch>[1][string], object = 'vmlinux') => {
    const trace = play({ ...QUIET, modules: ['ext4'] }, [at(0, load(patch('lp', { [object]: funcs })))], { symbols });
    return story(trace).filter((line) => line !== TAINT);
  };

  it('R1: a name that is not there', () => {
    expect(logOf(['nope'])).toEqual(['> load lp: -22', "symbol 'nope' not found in symbol table"]);
  });

  it('R2: an ambiguous name; the kernel prints vmlinux as (null) here', () => {
    expect(logOf(['twice'])).toEqual([
      '> load lp: -22',
      "unresolvable ambiguity for symbol 'twice' in object '(null)'",
    ]);
    expect(logOf(['twice'], 'ext4')[1]).toBe("unresolvable ambiguity for symbol 'twice' in object 'ext4'");
  });

  it('R3: a position beyond the matches', () => {
    expect(logOf({ funcs: [{ oldName: 'twice', oldSympos: 3 }] })).toEqual([
      '> load lp: -22',
      "symbol position 3 for symbol 'twice' in object 'vmlinux' not found",
    ]);
    expect(logOf({ funcs: [{ oldName: 'twice', oldSympos: 2 }] })[0]).toBe('> load lp');
    expect(logOf({ funcs: [{ oldName: 'once', oldSympos: 1 }] })[0]).toBe('> load lp');
  });

  it('R11: a function without a place for ftrace fails after the announcement', () => {
    expect(logOf(['once', 'notrace'])).toEqual([
      '> load lp: -22',
      "enabling patch 'lp'",
      "'lp': initializing patching transition",
      "failed to find location for function 'notrace'",
      "failed to patch object 'vmlinux'",
      "failed to enable patch 'lp'",
      "'lp': canceling patching transition, going to unpatch",
      "'lp': completing unpatching transition",
      "'lp': unpatching complete",
    ]);
  });

  it('knows nothing of other modules, and lists the assumption only without a table', () => {
    expect(logOf(['anything'], 'unknown_module')[0]).toBe('> load lp');
    const withTable = play(QUIET, [at(0, loadTarget('x'))], { symbols });
    const without = play(QUIET, [at(0, loadTarget('x'))]);
    expect(withTable.options.assumptions).toEqual([]);
    expect(without.options.assumptions).toHaveLength(1);
  });

  it('C2: refuses a target module in which a function is missing', () => {
    const image = patch('lp', { target: { funcs: ['nope'], callbacks: ALL_CALLBACKS } });
    const trace = play(QUIET, [at(0, load(image)), at(1, loadTarget('target'))], { symbols });
    expect(story(trace).slice(-4)).toEqual([
      '> load-target target: -22',
      "symbol 'nope' not found in symbol table",
      "failed to initialize patch 'lp' for module 'target' (-22)",
      "patch 'lp' failed for module 'target', refusing to load module 'target'",
    ]);
    expect(stateAt(trace, trace.end).modules).toEqual(['lp']);
  });
});
