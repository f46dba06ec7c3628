import { describe, it } from 'vitest';
import { exampleKernel } from '../../../server/src/analysis/rules/example-kernel.ts';
import { check } from '../../support/check.ts';

const knowledge = exampleKernel('t used\nt twice\nt twice\nd- data\nt lo_open [loop]');
const only = [
  'klp-reloc-wrong-object',
  'klp-reloc-vmlinux-in-module',
  'klp-reloc-third-module',
  'klp-reloc-unresolved',
];

/** A patch for vmlinux and the module loop, with these declarations. */
function declaring(declarations: string, objects = ''): string {
  return `#include <linux/livepatch.h>
${declarations}
static int fixed(void) { return 0; }
static struct klp_func funcs[] = { { .old_name = "used", .new_func = fixed }, { } };
static struct klp_object objs[] = { { .funcs = funcs }, { .name = "loop", .funcs = funcs }, ${objects} { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

describe('livepatch relocations', () => {
  it('are not asked for in a module that lists its symbols for klp-convert', () => {
    const options = { only: ['unexported-symbol-direct'], knowledge };
    const uses = 'int uses(void) { return data; }';
    check(declaring(`extern int data; //~ unexported-symbol-direct\n${uses}`), options);
    check(
      declaring(`extern int data;\n${uses}\nKLP_MODULE_RELOC(vmlinux) relocs[] = { KLP_SYMPOS(twice, 1) };`),
      options,
    );
  });

  it.each([
    ['extern typeof(used) used KLP_RELOC_SYMBOL(vmlinux, vmlinux, used);'],
    ['extern typeof(used) used\n\t KLP_RELOC_SYMBOL(vmlinux, vmlinux, used);'],
    ['extern typeof(lo_open) lo_open KLP_RELOC_SYMBOL(loop, loop, lo_open);'],
    ['extern int other(int a, char *b) KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, twice, 2);'],
    ['extern typeof(data) data KLP_RELOC_SYMBOL(vmlinux, vmlinux, data);'],
    ['extern typeof(x) x KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, twice, POSITION);'],
    ['#ifdef OLD\nextern typeof(x) x KLP_RELOC_SYMBOL(nbd, vmlinux, nothing);\n#endif'],
    ['extern int x;\nextern typeof(used) used KLP_RELOC_SYMBOL(vmlinux, vmlinux, used);'],
  ])('%s: fine', (declarations) => {
    check(declaring(declarations), { only, knowledge });
  });

  it.each([
    ['KLP_RELOC_SYMBOL(nbd, nbd, x)', 'klp-reloc-wrong-object "no object "nbd"'],
    ['KLP_RELOC_SYMBOL(loop, vmlinux, used)', 'klp-reloc-vmlinux-in-module'],
    ['KLP_RELOC_SYMBOL(loop, nbd, x)', 'klp-reloc-third-module'],
    ['KLP_RELOC_SYMBOL(vmlinux, vmlinux, twice)', 'klp-reloc-unresolved'],
    ['KLP_RELOC_SYMBOL(vmlinux, vmlinux, nothing)', 'klp-reloc-unresolved'],
    ['KLP_RELOC_SYMBOL(loop, loop, used)', 'klp-reloc-unresolved'],
    ['KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, used, 2)', 'klp-reloc-unresolved'],
  ])('%s: %s', (relocation, mark) => {
    check(declaring(`extern typeof(x) x ${relocation}; //~ ${mark.split(' ')[0]}`), { only, knowledge });
  });

  it('keeps quiet when an object’s name is not known', () => {
    const source = declaring('extern typeof(x) x KLP_RELOC_SYMBOL(nbd, nbd, x);', '{ .name = NAME, .funcs = funcs },');
    check(source, { only });
  });
});
