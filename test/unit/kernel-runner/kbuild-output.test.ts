import { expect, it } from 'vitest';
import { blameForErrors } from '../../../server/src/kernel-runner/kbuild-output.ts';

const MODULES = ['bad', 'bad_too', 'nogpl', 'undef', 'good'].map((name) => ({ name, directory: `/tmp/w/${name}` }));
const OUTPUT = `  CC [M]  /tmp/w/good/good.o
/tmp/w/good/good.c:3:9: warning: initialization discards 'const' qualifier
/tmp/w/bad/bad.c:1:9: error: expected expression before ';' token
make[3]: *** [/k/scripts/Makefile.build:234: /tmp/w/bad/bad.o] Error 1
ERROR: modpost: GPL-incompatible module nogpl.ko uses GPL-only symbol 'klp_enable_patch'
ERROR: modpost: "foo" [/tmp/w/undef/undef.ko] undefined!
make: *** [/k/Makefile:236: __sub-make] Error 2
`;

it('names those that can not be built, with the lines that say why', () => {
  const blame = blameForErrors(OUTPUT, MODULES);
  expect([...blame.keys()]).toEqual(['bad', 'nogpl', 'undef']);
  expect(blame.get('bad')?.[0]).toContain('expected expression');
  expect(blame.get('nogpl')).toEqual([
    "ERROR: modpost: GPL-incompatible module nogpl.ko uses GPL-only symbol 'klp_enable_patch'",
  ]);
});

it('takes a missing licence, which modpost reports by the object file', () => {
  const blame = blameForErrors('ERROR: modpost: missing MODULE_LICENSE() in /tmp/w/good/good.o\n', MODULES);
  expect([...blame.keys()]).toEqual(['good']);
});

it('blames the module whose namespace is missing', () => {
  const line = 'ERROR: modpost: module bad uses symbol dma_buf_get from namespace DMA_BUF, but does not import it.';
  expect([...blameForErrors(`${line}\n`, MODULES)]).toEqual([['bad', [line]]]);
});
