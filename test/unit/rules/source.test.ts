import { describe, expect, it } from 'vitest';
import type { SourceFunction } from '../../../server/src/analysis/rule.ts';
import { exampleKernel } from '../../../server/src/analysis/rules/example-kernel.ts';
import { check } from '../../support/check.ts';

/** A module that replaces a function of vmlinux, or of the module loop. */
const replacing = (name: string, mark = '', object = '') => `#include <linux/livepatch.h>
static int fixed(void) { return 0; }
static struct klp_func funcs[] = {
	{ .old_name = "${name}", .new_func = fixed }, ${mark}
	{ }
};
static struct klp_object objs[] = { { ${object}.funcs = funcs }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;

const ORDINARY: SourceFunction = { place: 'mm/a.c:1', inline: false, attributes: [], threadMain: false, locks: [] };
const source = (...functions: readonly Partial<SourceFunction>[]) =>
  new Map([['f', functions.map((each) => ({ ...ORDINARY, ...each }))]]);
const only = ['init-target', 'kthread-main-target', 'not-traceable-target', 'old-name-not-found'];
/** What the kernel's own symbols say: it has a function `f` that ftrace can hook, or cannot, or no `f`. */
const own = { hooked: exampleKernel('t f'), unhooked: exampleKernel('t! f\nt g'), none: exampleKernel('t g') };
const reference = exampleKernel('t f', { reference: true });

describe('what the kernel’s source says of a function', () => {
  it.each([
    ['__init', { attributes: ['__init'] }, 'init-target', "f() is __init in the kernel's source (mm/a.c:1)"],
    [
      'notrace',
      { attributes: ['notrace'] },
      'not-traceable-target',
      "f() is notrace in the kernel's source (mm/a.c:1)",
    ],
    ['noinstr', { attributes: ['noinstr'] }, 'not-traceable-target', 'f() is noinstr in'],
    [
      'a thread’s',
      { threadMain: true },
      'kthread-main-target',
      'f() is the main function of a kernel thread (mm/a.c:1)',
    ],
  ])('is a warning where nothing of the kernel itself is known: %s', (_, facts, rule, message) => {
    const text = replacing('f', `//~ ${rule} "${message}`.concat('"'));
    for (const knowledge of [null, reference]) {
      expect(check(text, { source: source(facts), knowledge, only })).toMatchObject([{ severity: 'warning' }]);
    }
  });

  it('does not hold against what the kernel’s own symbols say', () => {
    check(replacing('f'), { source: source({ attributes: ['notrace'] }), knowledge: own.hooked, only });
    check(replacing('f'), { source: source({ attributes: ['__init'] }), knowledge: own.hooked, only });
    const text = replacing('f', '//~ not-traceable-target "kallsyms of Linux 6.12"');
    const found = check(text, { source: source({ attributes: ['notrace'] }), knowledge: own.unhooked, only });
    expect(found).toMatchObject([{ severity: 'error' }]);
  });

  it('says why there is no symbol', () => {
    const inlined = replacing('f', '//~ old-name-not-found "as an inline function (mm/a.c:1)"');
    check(inlined, { source: source({ inline: true }), knowledge: own.none, only });
    check(inlined, { source: source({ attributes: ['__always_inline'] }), knowledge: own.none, only });
    const elsewhere = replacing('f', '//~ old-name-not-found "The source defines it (mm/a.c:1)"');
    check(elsewhere, { source: source({}), knowledge: own.none, only });
  });

  it.each([
    ['several files define it', replacing('f'), source({ attributes: ['notrace'] }, { attributes: ['notrace'] })],
    ['it is of a module', replacing('f', '', '.name = "loop", '), source({ attributes: ['notrace'] })],
    ['the source has no such function', replacing('f'), source()],
    ['it was not looked for', replacing('g'), source({ attributes: ['notrace'] })],
    ['nothing is special about it', replacing('f'), source({ attributes: ['__sched'] })],
  ])('is nothing when %s', (_, text, facts) => {
    check(text, { source: facts, only });
  });
});
