import { describe, expect, it } from 'vitest';
import { kbuildFiles } from '../../../server/src/cli/scenario-files.ts';

const module = (...files: [path: string, text: string][]) => ({
  name: 'x',
  files: files.map(([path, text]) => ({ path, text })),
  missing: [],
  lookedAt: [],
});

describe('kbuildFiles', () => {
  it('leaves a module of one file that is called like it alone', () => {
    expect(kbuildFiles('lp', module(['/s/lp.c', 'text']))).toEqual({ 'lp.c': 'text' });
  });

  it('builds a file of another name as part of the object', () => {
    expect(kbuildFiles('lp_one', module(['/s/lp-one.c', 'text'], ['/s/lp.h', 'header']))).toEqual({
      'lp-one.c': 'text',
      'lp.h': 'header',
      Kbuild: 'obj-m := lp_one.o\nlp_one-y := lp-one.o\n',
    });
  });

  it('gives a unit another name when the object has its name', () => {
    expect(kbuildFiles('lp', module(['/s/lp.c', 'a'], ['/s/part.c', 'b']))).toEqual({
      'lp-main.c': 'a',
      'part.c': 'b',
      Kbuild: 'obj-m := lp.o\nlp-y := lp-main.o part.o\n',
    });
  });

  it('does not build what is included', () => {
    const { Kbuild } = kbuildFiles('x', module(['/s/main.c', '#include "common.c"\n'], ['/s/common.c', 'b']));
    expect(Kbuild).toBe('obj-m := x.o\nx-y := main.o\n');
  });
});
