import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { exampleKernel } from '../../../server/src/analysis/rules/example-kernel.ts';
import { knowledgeFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { check } from '../../support/check.ts';

/** A module that replaces functions of vmlinux, and of the module loop. */
function patching(vmlinux: string, loop = ''): string {
  return `#include <linux/livepatch.h>
static int fixed(void) { return 0; }
static struct klp_func funcs[] = {
	${vmlinux}
	{ }
};
static struct klp_func loop_funcs[] = {
	${loop}
	{ }
};
static struct klp_object objs[] = { { .funcs = funcs }, { .name = "loop", .funcs = loop_funcs }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

const entry = (name: string, mark = '', more = '') => `{ .old_name = "${name}", .new_func = fixed${more} }, ${mark}\n`;

const KERNEL = `
t uptime_proc_show
t path_show
t path_show
b counter
t counter
t! notrace_thing
t do_sysinfo.isra.0
t! vma_merge.cold
T! __x64_sys_getpid
t __do_sys_getpid
T __x64_sys_close
t lo_open [loop]
`;
const knowledge = exampleKernel(KERNEL);
const RULES = [
  'func-in-wrong-object',
  'not-traceable-target',
  'old-name-ambiguous',
  'old-name-not-found',
  'sympos-counts-data',
  'sympos-on-unique',
  'sympos-out-of-range',
  'variable-as-target',
  'syscall-inner-target',
];
const options = { only: RULES, knowledge };

describe('symbols of the target kernel', () => {
  it.each([
    ['uptime_proc_sow', 'old-name-not-found', 'Did you mean "uptime_proc_show"?'],
    ['do_sysinfo', 'old-name-not-found', 'made do_sysinfo.isra.0 of it'],
    ['vma_merge', 'old-name-not-found', 'insmod fails with EINVAL'],
    ['sys_close', 'old-name-not-found', 'Did you mean "__x64_sys_close"?'],
    ['__se_sys_close', 'old-name-not-found', 'Did you mean "__x64_sys_close"?'],
    ['path_show', 'old-name-ambiguous', 'has 2 symbols'],
    ['counter', 'old-name-ambiguous', 'Say which one'],
    ['notrace_thing', 'not-traceable-target', 'Replace its callers'],
    ['lo_open', 'func-in-wrong-object', 'module "loop"'],
  ])('%s: %s', (name, rule, text) => {
    const [finding] = check(patching(entry(name, `//~ ${rule}`)), options);
    expect(finding?.message).toContain(text);
  });

  it('finds each of them in the object of a module too', () => {
    check(patching('', entry('lo_opem', '//~ old-name-not-found')), options);
    check(patching('', entry('path_show', '//~ func-in-wrong-object')), options);
  });

  it.each(['uptime_proc_show', '__x64_sys_getpid', '__do_sys_getpid', 'do_sysinfo.isra.0'])('takes %s', (name) => {
    check(patching(entry(name)), options);
  });

  it('counts positions over functions and variables', () => {
    check(patching(entry('counter', '', ', .old_sympos = 2')), options);
    check(patching(entry('counter', '//~ sympos-counts-data', ', .old_sympos = 1')), options);
    check(patching(entry('counter', '//~ sympos-out-of-range', ', .old_sympos = 3')), options);
    check(patching(entry('uptime_proc_show', '//~ sympos-on-unique', ', .old_sympos = 1')), options);
  });

  it('offers the positions that may be meant', () => {
    const source = patching(entry('counter'));
    const [finding] = check(source.replace('fixed },', 'fixed }, //~ old-name-ambiguous'), options);
    expect(finding?.fixes?.map(({ title }) => title)).toEqual(['Add .old_sympos = 2']);
    const fixed = applyEdits(source, finding?.fixes?.[0]?.edits ?? []);
    expect(fixed).toContain('.old_name = "counter", .old_sympos = 2, .new_func');
    check(fixed, options);
  });

  it('is at most a warning when only the built-in reference kernel says so, and names it', () => {
    const reference = exampleKernel(KERNEL, { reference: true });
    const [finding] = check(patching(entry('nothing_like_it', '//~ old-name-not-found')), {
      only: RULES,
      knowledge: reference,
    });
    expect(finding?.severity).toBe('warning');
    expect(finding?.message).toContain('(the built-in reference kernel, Linux 6.12)');
    expect(check(patching(entry('nothing_like_it', '//~ old-name-not-found')), options)[0]?.severity).toBe('error');
  });

  it('concludes nothing from what is not known', () => {
    // No symbols of any module: the object "loop" may have everything.
    const vmlinuxOnly = exampleKernel('t uptime_proc_show');
    check(patching('', entry('lo_opem')), { only: RULES, knowledge: vmlinuxOnly });
    // A list of what ftrace can hook says nothing of the other functions.
    const filter = knowledgeFrom({ label: 'filter', filterFunctions: 'uptime_proc_show\nlo_open [loop]\n' }).knowledge;
    check(patching(entry('lo_open') + entry('anything')), { only: RULES, knowledge: filter });
    // A truncated copy.
    const { knowledge: truncated } = knowledgeFrom({
      label: 'cut',
      kallsyms: '0000000000000000 t uptime_proc_show\n00',
    });
    check(patching(entry('anything')), { only: RULES, knowledge: truncated });
  });

  it.each([
    ['a macro', '{ .old_name = NAME_OF_A_HEADER, .new_func = fixed },'],
    ['a placeholder', '{ .old_name = "@@NAME@@", .new_func = fixed },'],
    ['an entry for other kernels', `\n#if LINUX_VERSION_CODE < 1\n${entry('nothing')}\n#endif\n`],
    ['a position that is not known', '{ .old_name = "path_show", .new_func = fixed, .old_sympos = POSITION },'],
  ])('keeps quiet about %s', (_, entries) => {
    check(patching(entries), options);
  });
});
