import { describe, expect, it } from 'vitest';
import { at, errnos, load, loadTarget, patch, play, QUIET, story, unloadTarget } from './support.ts';

const image = patch(
  'lp',
  { ext4: { funcs: ['f'], callbacks: { pre_patch: 0 } } },
  { relocations: [{ object: 'ext4', symbol: { object: 'ext4', name: 'sym', sympos: 0 } }] },
);
const twice = [at(0, load(image)), at(2, loadTarget('ext4')), at(4, unloadTarget('ext4')), at(6, loadTarget('ext4'))];

describe('livepatch relocations of a module', () => {
  it('are written again when it comes again, since 6.3', () => {
    expect(errnos(play(QUIET, twice, { kernel: '6.12' }))).toEqual([0, 0, 0, 0]);
  });

  it('stay written on 6.1, which keeps the module out the second time', () => {
    const trace = play(QUIET, twice, { kernel: '6.1' });
    expect(errnos(trace)).toEqual([0, 0, 0, -8]);
    expect(story(trace).slice(-3)).toEqual([
      'x86/modules: Skipping invalid relocation target, existing value is nonzero for type %d, loc %p, val %llx',
      "failed to initialize patch 'lp' for module 'ext4' (-8)",
      "patch 'lp' failed for module 'ext4', refusing to load module 'ext4'",
    ]);
  });

  it('stay written where the module was refused after that', () => {
    // klp_cleanup_module_patches_limited() stops before the patch that failed.
    const fails = { ...image, objects: [{ ...image.objects[0], callbacks: failing }] } as typeof image;
    const trace = play(QUIET, [at(0, load(fails)), at(2, loadTarget('ext4')), at(4, loadTarget('ext4'))]);
    expect(errnos(trace)).toEqual([0, -19, -8]);
  });

  it('may name symbols of another module, which must be there', () => {
    const other = { object: 'ext4', symbol: { object: 'jbd2', name: 'sym', sympos: 0 } };
    const steps = [at(0, load({ ...image, relocations: [other] })), at(2, loadTarget('ext4'))];
    expect(story(play(QUIET, steps)).slice(-3)).toEqual([
      "symbol 'sym' not found in symbol table",
      "failed to initialize patch 'lp' for module 'ext4' (-22)",
      "patch 'lp' failed for module 'ext4', refusing to load module 'ext4'",
    ]);
    expect(errnos(play({ ...QUIET, modules: ['jbd2'] }, steps))).toEqual([0, 0]);
  });

  it('of vmlinux are written before anything else of the livepatch happens', () => {
    const vmlinux = { object: null, symbol: { object: null, name: 'gone', sympos: 0 } };
    const symbols = { find: (_object: string | null, name: string) => (name === 'gone' ? [] : [{ traceable: true }]) };
    const trace = play(QUIET, [at(0, load({ ...image, relocations: [vmlinux] }))], { symbols });
    expect(story(trace)).toEqual([
      '> load lp: -22',
      'lp: tainting kernel with TAINT_LIVEPATCH',
      "symbol 'gone' not found in symbol table",
    ]);
  });
});

const failing = { pre_patch: { function: 'pre', returns: -19, returnKnown: true, source: null } };
