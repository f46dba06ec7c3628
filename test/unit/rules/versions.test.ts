import { describe, it } from 'vitest';
import { check } from '../../support/check.ts';

const only = [
  'version-field-unsupported',
  'removed-field',
  'rfc-only-field',
  'removed-api',
  'api-too-new',
  'kallsyms-lookup-name-used',
];

function patchWith(fields: string, more = ''): string {
  return `#include <linux/livepatch.h>
${more}
static struct klp_func funcs[] = { { } };
static struct klp_object objs[] = { { .funcs = funcs }, { } };
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	${fields}
};
`;
}

const calling = (body: string) => patchWith('', `static int f(void)\n{\n\t${body}\n}`);

describe('fields', () => {
  it.each([
    ['.replace = true,', '5.0', 'version-field-unsupported'],
    ['.replace = true,', '5.1', null],
    ['.states = states,', '5.4', 'version-field-unsupported'],
    ['.states = states,', '5.5', null],
    ['.immediate = true,', '4.15', null],
    ['.immediate = true,', '4.16', 'removed-field'],
    ['.replaceable = true,', '6.12', 'rfc-only-field'],
    ['.replace_set = 1,', '6.12', 'rfc-only-field'],
  ])('%s on %s: %s', (field, kernel, rule) => {
    check(patchWith(`${field}${rule === null ? '' : ` //~ ${rule}`}`), { only, kernel });
  });

  it.each([
    ['funcs', '.old_sympos = 1', '4.4', 'version-field-unsupported'],
    ['funcs', '.old_addr = 1', '4.5', 'removed-field'],
    ['objs', '.callbacks = { .pre_patch = cb }', '4.14', 'version-field-unsupported'],
    ['objs', '.callbacks.pre_patch = cb', '4.14', 'version-field-unsupported'],
    ['objs', '.callbacks.pre_patch = cb', '4.15', null],
    ['objs', '.relocs = relocs', '4.7', 'removed-field'],
    ['objs', '.relocs = relocs', '4.6', null],
  ])('%s: %s on %s: %s', (table, field, kernel, rule) => {
    const mark = `\n${field}, ${rule === null ? '' : `//~ ${rule}`}\n`;
    const entry = table === 'funcs' ? '{ .old_name = "a", .new_func = f,' : '{ .name = "nfsd", .funcs = funcs,';
    const struct = table === 'funcs' ? 'klp_func' : 'klp_object';
    check(patchWith('', `static struct ${struct} more[] = { ${entry}${mark}}, { } };`), { only, kernel });
  });

  it('keeps quiet inside #if, whatever its condition', () => {
    for (const kernel of ['4.4', '4.14', '6.12']) {
      check(
        patchWith(
          '#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0)\n.replace = true,\n#else\n.immediate = true,\n#endif\n#ifdef HAVE_IT\n.replaceable = true,\n#endif',
        ),
        { only, kernel },
      );
      check(
        patchWith('').replace(
          /static struct klp_patch[\s\S]*/,
          (patch) => `#ifdef NEW\n${patch.replace('objs,', 'objs, .immediate = 1, .states = s,')}#endif\n`,
        ),
        {
          only,
          kernel,
        },
      );
    }
  });
});

describe('calls', () => {
  it.each([
    ['klp_register_patch(&patch);', '5.1', 'removed-api'],
    ['klp_register_patch(&patch);', '5.0', null],
    ['klp_disable_patch(&patch);', '6.12', 'removed-api'],
    ['klp_get_state(&patch, 1);', '5.4', 'api-too-new'],
    ['klp_get_state(&patch, 1);', '5.5', null],
    ['klp_shadow_get(p, 1);', '4.14', 'api-too-new'],
    ['klp_shadow_get(p, 1);', '4.15', null],
    ['kallsyms_lookup_name("x");', '5.7', 'kallsyms-lookup-name-used'],
    ['kallsyms_lookup_name("x");', '5.6', null],
  ])('%s on %s: %s', (call, kernel, rule) => {
    check(calling(`${call}${rule === null ? '' : ` //~ ${rule}`}`), { only, kernel });
  });

  it('keeps quiet inside #if', () => {
    check(calling('#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)\n\tklp_register_patch(&patch);\n#endif'), { only });
    check(patchWith('', '#ifdef OLD\nstatic int f(void) { return klp_register_patch(&patch); }\n#endif'), { only });
  });

  it('keeps quiet about a name that the module gives to something else', () => {
    check(calling('unsigned long (*kallsyms_lookup_name)(const char *) = find();\n\tkallsyms_lookup_name("x");'), {
      only,
    });
    check(
      calling('lookup_t kallsyms_lookup_name;\n\n\tkallsyms_lookup_name = kp.addr;\n\tkallsyms_lookup_name("x");'),
      { only },
    );
    check(patchWith('', '#define klp_register_patch(p) 0\nstatic int f(void) { return klp_register_patch(&patch); }'), {
      only,
    });
    check(
      patchWith(
        '',
        'static int klp_disable_patch(void *p) { return 0; }\nstatic int f(void) { return klp_disable_patch(0); }',
      ),
      {
        only,
      },
    );
  });
});
