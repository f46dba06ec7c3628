import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { REPLACE_POLICIES } from '../../../shared/src/simulator/replace/index.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import {
  ALL_CALLBACKS,
  at,
  errnos,
  events,
  load,
  patch,
  play,
  QUIET,
  SECOND,
  STUCK,
  unload,
  write,
} from './support.ts';

/** What a new patch does with the loaded ones, by policy: released kernels and the proposals. */

const kernel = (policy: string) => ({ kernel: `6.12+${policy}` });
/** A patch of f() and one of g(). */
const fixes = (module: string, funcs: readonly string[], more: Partial<PatchImage> = {}): PatchImage =>
  patch(module, { vmlinux: funcs }, more);
const listed = (trace: Trace): string[] =>
  stateAt(trace, trace.end).sysfs.flatMap(({ path, kind }) => (kind === 'dir' && !path.includes('/') ? [path] : []));
const runs = (trace: Trace, name: string, atTime = trace.end): string =>
  stateAt(trace, atTime).funcStacks.find((func) => func.function === name)?.stack[0]?.patch ?? 'original';

describe('a set of patches (PATCH v2 of May 2026, and v3)', () => {
  const options = kernel('replace-set');

  it('is 0 for those who write nothing: each replaces the other', () => {
    const trace = play(QUIET, [at(0, load(fixes('a', ['f']))), at(2, load(fixes('b', ['g'])))], options);
    expect(listed(trace)).toEqual(['b']);
    expect(runs(trace, 'f')).toBe('original');
    expect(runs(trace, 'g')).toBe('b');
  });

  it('leaves other sets alone', () => {
    const trace = play(
      QUIET,
      [
        at(0, load(fixes('one', ['f'], { replaceSet: 1 }))),
        at(2, load(fixes('two', ['g'], { replaceSet: 2 }))),
        at(4, load(fixes('one_b', ['h'], { replaceSet: 1 }))),
      ],
      options,
    );
    expect(listed(trace)).toEqual(['one_b', 'two']);
    expect([runs(trace, 'f'), runs(trace, 'g'), runs(trace, 'h')]).toEqual(['original', 'two', 'one_b']);
  });

  it('refuses a function that another set replaces, by object, name and position', () => {
    const trace = play(
      QUIET,
      [at(0, load(fixes('one', ['f'], { replaceSet: 1 }))), at(2, load(fixes('two', ['g', 'f'], { replaceSet: 2 })))],
      options,
    );
    expect(errnos(trace)).toEqual([0, -22]);
    expect(events(trace, 'finding').map(({ text }) => text)).toEqual(['two (set 2) and one (set 1) both replace f()']);
    expect(listed(trace)).toEqual(['one']);
  });

  it('takes positions 0 and 1 for the same function, and 2 for another', () => {
    const second = (oldSympos: number): number | undefined => {
      const two = patch('two', { vmlinux: { funcs: [{ oldName: 'f', oldSympos }] } }, { replaceSet: 2 });
      return errnos(play(QUIET, [at(0, load(fixes('one', ['f'], { replaceSet: 1 }))), at(2, load(two))], options))[1];
    };
    expect([second(0), second(1), second(2)]).toEqual([-22, -22, 0]);
  });

  it('asks for states within the set, and refuses one that another set has', () => {
    const states = [{ id: 7, version: 1 }];
    const outcome = (set: number, more: Partial<PatchImage>): number | undefined =>
      errnos(
        play(
          QUIET,
          [
            at(0, load(fixes('one', ['f'], { replaceSet: 1, states }))),
            at(2, load(fixes('next', ['g'], { replaceSet: set, ...more }))),
          ],
          options,
        ),
      )[1];
    expect(outcome(1, {})).toBe(-22);
    expect(outcome(1, { states })).toBe(0);
    expect(outcome(2, {})).toBe(0);
    expect(outcome(2, { states })).toBe(-22);
  });

  it('keeps only modules of its own set when it is forced', () => {
    const trace = play(
      STUCK,
      [
        at(0, load(fixes('one', ['f'], { replaceSet: 1 }))),
        at(2, load(fixes('two', ['g'], { replaceSet: 2 }))),
        at(4, load(fixes('two_b', ['msleep'], { replaceSet: 2 }))),
        at(6, write('two_b/force', '1')),
        at(9, unload('two')),
        at(10, write('one/enabled', '0')),
        at(13, unload('one')),
      ],
      options,
    );
    expect(errnos(trace)).toEqual([0, 0, 0, 0, -11, 0, 0]);
  });

  it('stands in sysfs as replace_set', () => {
    const trace = play(QUIET, [at(0, load(fixes('two', ['g'], { replaceSet: 2 })))], options);
    const files = stateAt(trace, trace.end).sysfs;
    expect(files.find(({ path }) => path === 'two/replace_set')).toMatchObject({ value: '2' });
    expect(files.find(({ path }) => path === 'two/replace')).toBeUndefined();
  });
});

describe('a set of patches (RFC of May 2026)', () => {
  const options = kernel('replace-set-rfc');

  it('is 1 for those who write nothing', () => {
    const trace = play(
      QUIET,
      [at(0, load(fixes('a', ['f']))), at(2, load(fixes('b', ['g'], { replaceSet: 1 })))],
      options,
    );
    expect(listed(trace)).toEqual(['b']);
  });

  it('lets two sets change one function: the newer is on top', () => {
    const trace = play(
      QUIET,
      [at(0, load(fixes('one', ['f'], { replaceSet: 1 }))), at(2, load(fixes('two', ['f'], { replaceSet: 2 })))],
      options,
    );
    expect(errnos(trace)).toEqual([0, 0]);
    expect(listed(trace)).toEqual(['one', 'two']);
    expect(runs(trace, 'f')).toBe('two');
  });
});

describe('states of a set (RFC of May 2026)', () => {
  it('must be known within it only; another set may have the same id', () => {
    const outcome = (set: number, states: PatchImage['states']) =>
      errnos(
        play(
          QUIET,
          [
            at(0, load(fixes('one', ['f'], { replaceSet: 1, states: [{ id: 7, version: 2 }] }))),
            at(2, load(fixes('next', ['g'], { replaceSet: set, states }))),
          ],
          kernel('replace-set-rfc'),
        ),
      )[1];
    expect(outcome(1, [])).toBe(-22);
    expect(outcome(2, [])).toBe(0);
    expect(outcome(2, [{ id: 7, version: 2 }])).toBe(0);
  });
});

describe('sets that a module parameter names (talk of June 2026)', () => {
  const options = kernel('replace-set-override');
  const one = fixes('one', ['f'], { replaceSet: 1 });
  const seven = fixes('seven', ['g'], { replaceSet: 7 });
  const loading = (funcs: readonly string[], value?: string, more: Partial<PatchImage> = {}) => {
    const two = fixes('two', funcs, { replaceSet: 2, ...more });
    const parameters: Record<string, string> = value === undefined ? {} : { override_replace_sets: value };
    const steps = [at(0, load(one)), at(2, load(seven)), at(4, load(two, parameters))];
    const trace = play(QUIET, steps, options);
    return { errno: errnos(trace)[2], listed: listed(trace) };
  };

  it('are replaced beside its own: a conflict is solved by who runs the machine', () => {
    expect(loading(['f'])).toEqual({ errno: -22, listed: ['one', 'seven'] });
    expect(loading(['f'], '1')).toEqual({ errno: 0, listed: ['seven', 'two'] });
    expect(loading(['f'], '7,1')).toEqual({ errno: 0, listed: ['two'] });
    expect(loading(['f'], '7')).toEqual({ errno: -22, listed: ['one', 'seven'] });
  });

  it('count for states, too', () => {
    const states = [{ id: 9, version: 1 }];
    const old = fixes('one', ['f'], { replaceSet: 1, states });
    const next = (more: Partial<PatchImage>, value: string) =>
      errnos(
        play(
          QUIET,
          [
            at(0, load(old)),
            at(2, load(fixes('two', ['g'], { replaceSet: 2, ...more }), { override_replace_sets: value })),
          ],
          options,
        ),
      )[1];
    expect([next({}, '1'), next({ states }, '1'), next({ states }, '3'), next({}, '3')]).toEqual([-22, 0, -22, 0]);
  });

  it('are numbers, and mean nothing to other kernels', () => {
    expect(loading(['g'], 'all').errno).toBe(-22);
    const two = fixes('two', ['f'], { replaceSet: 2 });
    const steps = [at(0, load(one)), at(2, load(two, { override_replace_sets: '1' }))];
    expect(errnos(play(QUIET, steps, kernel('replace-set')))[1]).toBe(-22);
  });
});

describe('a tag (drafts of April 2026)', () => {
  const options = kernel('replace-tag');

  it('replaces itself and 0; 0 replaces nothing', () => {
    const trace = play(
      QUIET,
      [
        at(0, load(fixes('plain', ['f']))),
        at(2, load(fixes('three', ['g'], { replaceSet: 3 }))),
        at(4, load(fixes('more', ['h']))),
        at(6, load(fixes('four', ['i'], { replaceSet: 4 }))),
      ],
      options,
    );
    expect(listed(trace)).toEqual(['four', 'three']);
  });

  it('sets functions of kept patches back while tasks switch: nops do not go by the tag', () => {
    const trace = play(
      STUCK,
      [
        at(0, load(fixes('three', ['f'], { replaceSet: 3 }))),
        at(2, load(fixes('four', ['msleep'], { replaceSet: 4 }))),
      ],
      options,
    );
    expect(stateAt(trace, 4 * SECOND).funcStacks.find((func) => func.function === 'f')?.stack).toMatchObject([
      { patch: 'four', nop: true, transition: true },
      { patch: 'three', nop: false },
    ]);
  });
});

describe('a patch that is not replaceable (RFC of January 2025)', () => {
  it('keeps its functions while tasks switch: there are no nops for it', () => {
    const trace = play(
      STUCK,
      [at(0, load(fixes('kept', ['f']))), at(2, load(fixes('next', ['msleep'], { replace: true })))],
      kernel('replaceable'),
    );
    const stack = stateAt(trace, 4 * SECOND).funcStacks.find((func) => func.function === 'f')?.stack;
    expect(stack).toMatchObject([{ patch: 'kept', nop: false }]);
    expect(stack).toHaveLength(1);
  });
});

describe('what the RFC of January 2025 left as it was', () => {
  const options = kernel('replaceable');
  const states = [{ id: 7, version: 1 }];

  it('asks for the states of patches that stay, too', () => {
    const next = (more: Partial<PatchImage>) =>
      errnos(
        play(
          QUIET,
          [
            at(0, load(fixes('kept', ['f'], { states }))),
            at(2, load(fixes('next', ['g'], { replace: true, ...more }))),
          ],
          options,
        ),
      )[1];
    expect(next({})).toBe(-22);
    expect(next({ states })).toBe(0);
  });

  it('keeps the module of a patch that stays for ever when the transition to another is forced', () => {
    const trace = play(
      STUCK,
      [
        at(0, load(fixes('kept', ['f']))),
        at(2, load(fixes('next', ['msleep'], { replace: true }))),
        at(4, write('next/force', '1')),
        at(6, write('kept/enabled', '0')),
        at(9, unload('kept')),
      ],
      options,
    );
    expect(errnos(trace)).toEqual([0, 0, 0, 0, -11]);
  });
});

describe('the alternatives that were named in February 2025', () => {
  const stays = fixes('stays', ['f']);
  const goes = fixes('goes', ['h'], { replaceable: true });
  const next = (funcs: readonly string[], more: Partial<PatchImage> = {}) =>
    fixes('next', funcs, { replace: true, ...more });
  const outcome = (policy: string, image: PatchImage, installed = [stays, goes]) => {
    const steps = [...installed.map((old, index) => at(index * 2, load(old))), at(6, load(image))];
    const trace = play(QUIET, steps, kernel(policy));
    const findings = events(trace, 'finding').map(({ text }) => text);
    return { errno: errnos(trace).at(-1), listed: listed(trace), findings };
  };

  it('replaceable ones go, and one that stays keeps its functions to itself', () => {
    expect(outcome('replaceable-alone', next(['g']))).toEqual({ errno: 0, listed: ['next', 'stays'], findings: [] });
    expect(outcome('replaceable-alone', next(['g', 'f']))).toEqual({
      errno: -22,
      listed: ['goes', 'stays'],
      findings: ['next replaces f(), as stays does, which is not replaceable'],
    });
    // The RFC itself lets both change f(): the newer is on top.
    expect(outcome('replaceable', next(['g', 'f']))).toMatchObject({ errno: 0, listed: ['next', 'stays'] });
    // Stacks of patches without .replace are as they ever were.
    expect(outcome('replaceable-alone', next(['f'], { replace: false })).errno).toBe(0);
  });

  it('or whoever shares a function goes, and nobody else', () => {
    expect(outcome('replace-conflicting', next(['f', 'g'])).listed).toEqual(['goes', 'next']);
    expect(outcome('replace-conflicting', next(['f', 'h'])).listed).toEqual(['next']);
    expect(outcome('replace-conflicting', next(['g'])).listed).toEqual(['goes', 'next', 'stays']);
    expect(outcome('replace-conflicting', next(['f'], { replace: false })).listed).toEqual(['goes', 'next', 'stays']);
  });

  it('sets back the other functions of whoever goes, and leaves those of whoever stays', () => {
    const trace = play(
      STUCK,
      [
        at(0, load(fixes('goes', ['f', 'g']))),
        at(2, load(fixes('stays', ['h']))),
        at(4, load(fixes('next', ['f', 'msleep'], { replace: true }))),
      ],
      kernel('replace-conflicting'),
    );
    const stack = (name: string) =>
      stateAt(trace, 6 * SECOND)
        .funcStacks.find((func) => func.function === name)
        ?.stack.map((entry) => `${entry.patch}${entry.nop ? ' nop' : ''}`);
    expect(stack('g')).toEqual(['next nop', 'goes']);
    expect(stack('h')).toEqual(['stays']);
  });

  it('asks for the states of whoever goes only', () => {
    const states = [{ id: 7, version: 1 }];
    for (const policy of ['replaceable-alone', 'replace-conflicting']) {
      expect(outcome(policy, next(['g', 'h']), [{ ...stays, states }, goes]).errno, policy).toBe(0);
      expect(outcome(policy, next(['g', 'h']), [stays, { ...goes, states }]).errno, policy).toBe(-22);
    }
  });
});

describe('replace on top of replace only (an idea of January 2018)', () => {
  const options = kernel('replace-on-replace');
  const cumulative = (module: string) => fixes(module, ['f'], { replace: true });

  it('refuses a cumulative patch while any other is loaded, until that one is disabled', () => {
    const trace = play(
      QUIET,
      [
        at(0, load(fixes('hotfix', ['h']))),
        at(2, load(cumulative('v1'))),
        at(4, write('hotfix/enabled', '0')),
        at(6, unload('hotfix')),
        at(7, load(cumulative('v1'))),
        at(9, load(cumulative('v2'))),
      ],
      options,
    );
    expect(errnos(trace)).toEqual([0, -22, 0, 0, 0, 0]);
    expect(events(trace, 'finding').map(({ text }) => text)).toEqual([
      'v1 has .replace and hotfix, which is loaded, has not',
    ]);
    expect(listed(trace)).toEqual(['v2']);
  });

  it('lets others be stacked on a cumulative one, which then can’t be followed by the next', () => {
    const steps = [at(0, load(cumulative('v1'))), at(2, load(fixes('hotfix', ['h']))), at(4, load(cumulative('v2')))];
    expect(errnos(play(QUIET, steps, options))).toEqual([0, 0, -22]);
  });
});

describe('a replaced patch', () => {
  const A = patch('a', { vmlinux: { funcs: ['f'], callbacks: ALL_CALLBACKS } });

  it('leaves behind what its callbacks set up, when the new patch has none there', () => {
    const trace = play(QUIET, [at(0, load(A)), at(2, load(fixes('b', ['f'], { replace: true })))]);
    expect(events(trace, 'finding').map(({ id, text }) => [id, text])).toEqual([
      [
        'replaced-setup-left',
        'a is replaced without pre_unpatch_callback() and post_unpatch_callback(): what it set up for vmlinux stays, and b has no callbacks there',
      ],
    ]);
  });

  it('may be taken over by the callbacks of the new one', () => {
    const next = patch('b', { vmlinux: { funcs: ['f'], callbacks: ['post_patch'] } }, { replace: true });
    expect(events(play(QUIET, [at(0, load(A)), at(2, load(next))]), 'finding')).toEqual([]);
  });

  it('has nothing to leave when it is disabled first', () => {
    const steps = [at(0, load(A)), at(2, write('a/enabled', '0')), at(5, load(fixes('b', ['f'], { replace: true })))];
    expect(events(play(QUIET, steps), 'finding')).toEqual([]);
  });
});

describe('every policy', () => {
  const image = fc
    .record({
      funcs: fc.subarray(['f', 'g', 'h'], { minLength: 1 }),
      replace: fc.boolean(),
      replaceable: fc.boolean(),
      replaceSet: fc.constantFrom(null, 0, 1, 2),
      states: fc.subarray([{ id: 1, version: 1 }]),
    })
    .map(({ funcs, ...more }) => ({ funcs, more }));

  it.each(REPLACE_POLICIES.map(({ id }) => id))('%s: what is listed is what runs, and what is gone is not', (id) => {
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 5 }), (images) => {
        const steps = images.map(({ funcs, more }, index) => at(index * 2, load(fixes(`p${index}`, funcs, more))));
        const trace = play(QUIET, steps, id === 'released' ? {} : kernel(id));
        const alive = new Set(listed(trace));
        const state = stateAt(trace, trace.end);
        for (const { stack } of state.funcStacks) {
          for (const entry of stack) {
            expect(alive.has(entry.patch)).toBe(true);
            expect(entry.nop).toBe(false);
          }
        }
        // The newest that was let in is always there, with all of its functions.
        const last = errnos(trace).lastIndexOf(0);
        expect(alive.has(`p${last}`)).toBe(last >= 0);
        for (const name of images[last]?.funcs ?? []) expect(runs(trace, name)).toBe(`p${last}`);
      }),
      { numRuns: 60 },
    );
  });
});
