import { describe, it } from 'vitest';
import { check } from '../../support/check.ts';

const only = ['state-id-zero', 'state-duplicate-id', 'state-without-callbacks', 'callback-needed-under-replace'];

/** A patch with this state table and these fields, behind the functions. */
function stateful(states: string, { fields = '', functions = '', callbacks = '.pre_patch = other' } = {}): string {
  return `#include <linux/livepatch.h>
#define FIRST 1
${functions}
static struct klp_func funcs[] = { { } };
static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { ${callbacks} } }, { } };
static struct klp_state states[] = {
	${states}
	{ }
};
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	${fields || '.states = states,'}
};
`;
}

describe('state ids', () => {
  it.each([
    '{ .id = 0, .version = 1 }, //~ state-id-zero',
    '{ .version = 1 }, //~ state-id-zero "no id"',
    '{ .id = 1 }, { .id = 1 }, //~ state-duplicate-id',
    '{ .id = FIRST }, { .id = 2 }, { .id = 1 }, //~ state-duplicate-id',
  ])('reports %s', (states) => {
    check(stateful(states), { only });
  });

  it.each([
    '{ .id = 1 }, { .id = 2 },',
    '{ .id = OTHER_HEADER, .version = 1 },',
    '{ .id = OTHER_HEADER }, { .id = OTHER_HEADER_2 },',
    '#ifdef A\n{ .id = 1, .version = 1 },\n#else\n{ .id = 1, .version = 2 },\n#endif',
  ])('keeps quiet about %s', (states) => {
    check(stateful(states), { only });
  });
});

describe('state-without-callbacks', () => {
  it('asks for something that uses the states', () => {
    const fields = '.states = states, //~ state-without-callbacks\n';
    check(stateful('{ .id = 1 },', { callbacks: '', fields }), { only });
    check(stateful('{ .id = 1 },', { callbacks: '', functions: 'void f(void) { klp_shadow_free_all(1, NULL); }' }), {
      only,
    });
    check(stateful('', { callbacks: '' }), { only });
    check(stateful('{ .id = 1, .callbacks = { .pre_patch = f } },', { callbacks: '' }), { only });
    check(stateful('{ .id = 1 },', { callbacks: '', functions: '#include "more.c"' }), { only });
  });
});

describe('callback-needed-under-replace', () => {
  const functions = 'static void clean(struct klp_object *obj) { unregister_kprobe(&kp); }';

  it('is told of callbacks that take something down', () => {
    const replacing = { fields: '.replace = true, //~ callback-needed-under-replace "clean()"\n', functions };
    check(stateful('{ .id = 1 },', { ...replacing, callbacks: '.post_unpatch = clean' }), { only });
    check(stateful('{ .id = 1 },', { ...replacing, callbacks: '.pre_unpatch = clean' }), { only });
  });

  it('keeps quiet otherwise', () => {
    const callbacks = '.post_unpatch = clean';
    check(stateful('{ .id = 1 },', { fields: '.replace = true, .states = states,', functions, callbacks }), { only });
    check(stateful('{ .id = 1 },', { fields: '.replace = REPLACE,', functions, callbacks }), { only });
    check(stateful('{ .id = 1 },', { fields: '.replace = true,', functions, callbacks: '.post_patch = clean' }), {
      only,
    });
    check(
      stateful('{ .id = 1 },', {
        fields: '.replace = true,',
        functions: 'static void clean(struct klp_object *obj) { pr_info("gone"); }',
        callbacks,
      }),
      { only },
    );
  });
});
