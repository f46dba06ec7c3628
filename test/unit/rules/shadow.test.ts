import { describe, it } from 'vitest';
import { check } from '../../support/check.ts';

/** A patch with a replacement of this body, and what else is given. */
function replacing(body: string, more = '', callbacks = ''): string {
  return `#include <linux/livepatch.h>
#define READS 1
#define ERRORS 2
${more}
static int fixed(struct file *file)
{
	${body}
	return 0;
}
static struct klp_func funcs[] = { { .old_name = "a", .new_func = fixed }, { } };
static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { ${callbacks} } }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

const ALLOC = 'int *reads = klp_shadow_get_or_alloc(file, READS, sizeof(int), GFP_KERNEL, NULL, NULL);';

describe('shadow-unchecked-null', () => {
  const only = ['shadow-unchecked-null'];

  it.each([
    'int *n = klp_shadow_get(file, READS);\n\tif (n)\n\t\t(*n)++;',
    'int *n = klp_shadow_get(file, READS);\n\tif (!n)\n\t\treturn 1;\n\t*n = 1;',
    'int *n = klp_shadow_get(file, READS);\n\tif (WARN_ON(!n))\n\t\treturn 1;\n\t*n = 1;',
    'return klp_shadow_get(file, READS) != NULL;',
    'klp_shadow_get(file, READS);',
  ])('keeps quiet about: %s', (body) => {
    check(replacing(body), { only });
  });

  it('reports the first use', () => {
    check(
      replacing(
        'int *n = klp_shadow_get(file, READS);\n\n\t*n = 1; //~ shadow-unchecked-null "klp_shadow_get()"\n\t*n = 2;',
      ),
      {
        only,
      },
    );
    check(replacing('struct d *d;\n\n\td = klp_shadow_get(file, READS);\n\td->n = 1; //~ shadow-unchecked-null'), {
      only,
    });
  });
});

describe('constructors and destructors', () => {
  const only = ['shadow-ctor-sleeps', 'shadow-ctor-reenters'];
  const ctor = (body: string) =>
    replacing(
      'klp_shadow_alloc(file, READS, 4, GFP_KERNEL, ctor, NULL);',
      `static int ctor(void *obj, void *data, void *arg)\n{\n\t${body}\n\treturn 0;\n}`,
    );
  const dtor = (body: string) =>
    replacing('klp_shadow_free(file, READS, dtor);', `static void dtor(void *obj, void *data)\n{\n\t${body}\n}`);

  it.each([
    'mutex_lock(&m);',
    'msleep(1);',
    'p = kmalloc(4, GFP_KERNEL);',
    'copy_from_user(a, b, 4);',
    'wait_event(q, x);',
    'down_read(&s);',
  ])('may not sleep: %s', (body) => {
    check(ctor(`${body} //~ shadow-ctor-sleeps "constructor"`), { only });
    check(dtor(`${body} //~ shadow-ctor-sleeps "destructor"`), { only });
  });

  it.each([
    'spin_lock(&l);',
    'mutex_unlock(&m);',
    'p = kmalloc(4, GFP_ATOMIC);',
    'p = kmalloc(4, GFP_KERNEL & ~__GFP_RECLAIM);',
    'p = kmalloc(4, flags);',
    'kfree(p);',
    'mutex_trylock(&m);',
    'klp_shadow_get(obj, READS);',
    '/* msleep(1); */',
  ])('may do: %s', (body) => {
    check(ctor(body), { only });
    check(dtor(body), { only });
  });

  it('follows functions of the module and looks at no others', () => {
    check(
      replacing(
        'klp_shadow_free_all(READS, dtor);',
        `static void helper(void)
{
	msleep(1); //~ shadow-ctor-sleeps
}
static void unrelated(void) { msleep(1); }
static void dtor(void *obj, void *data) { helper(); }`,
      ),
      { only },
    );
  });

  it('may not allocate or free shadow variables', () => {
    check(ctor('klp_shadow_get_or_alloc(obj, ERRORS, 4, GFP_NOWAIT, NULL, NULL); //~ shadow-ctor-reenters'), { only });
    check(dtor('klp_shadow_free_all(ERRORS, NULL); //~ shadow-ctor-reenters'), { only });
  });
});

describe('ids', () => {
  const only = ['shadow-free-unknown-id', 'shadow-no-free-all', 'shadow-size-mismatch'];
  const freeing = (id: string) =>
    `static void cleanup(void) { klp_shadow_free_all(${id}, NULL); }\nmodule_exit(cleanup);`;

  it('compares them by value', () => {
    check(replacing(ALLOC, freeing('1')), { only });
    check(
      replacing(`${ALLOC} //~ shadow-no-free-all`, freeing('2').replace('NULL);', 'NULL); /**/')).replace(
        '/**/ }',
        '} //~ shadow-free-unknown-id',
      ),
      { only },
    );
  });

  it('keeps quiet about ids that cannot be evaluated', () => {
    check(replacing(ALLOC, freeing('OTHER_HEADER_ID')), { only });
    check(replacing(ALLOC.replace('READS', 'OTHER_HEADER_ID'), freeing('READS')), { only });
    check(
      replacing(
        '',
        `static void *get(void *obj, unsigned long id) { return klp_shadow_get_or_alloc(obj, id, 4, GFP_KERNEL, NULL, NULL); }`,
      ),
      {
        only,
      },
    );
  });

  it('keeps quiet when parts of the module cannot be seen', () => {
    check(replacing(ALLOC, '#include "cleanup.h"'), { only });
  });

  it('compares sizes only when they are surely different', () => {
    const two = (a: string, b: string) =>
      replacing(
        `klp_shadow_alloc(file, READS, ${a}, GFP_KERNEL, NULL, NULL);
	klp_shadow_alloc(file, READS, ${b}, GFP_KERNEL, NULL, NULL);`,
        freeing('READS'),
      );
    check(two('sizeof(struct a)', 'sizeof(*p)'), { only });
    check(two('sizeof(struct a)', 'size'), { only });
    check(two('sizeof(struct a)', 'sizeof(struct a)'), { only });
    check(
      two('sizeof(struct a)', 'sizeof(struct b)').replace(
        '(struct b), GFP_KERNEL, NULL, NULL);',
        '(struct b), GFP_KERNEL, NULL, NULL); //~ shadow-size-mismatch',
      ),
      { only },
    );
    check(
      two('8', '16').replace('16, GFP_KERNEL, NULL, NULL);', '16, GFP_KERNEL, NULL, NULL); //~ shadow-size-mismatch'),
      { only },
    );
  });
});

describe('shadow-free-all-before-unpatch', () => {
  const only = ['shadow-free-all-before-unpatch'];
  const clean = (more = '') =>
    `static void clean(struct klp_object *obj)\n{\n\tklp_shadow_free_all(READS, NULL);${more}\n}`;

  it('is about pre_unpatch alone', () => {
    check(replacing(ALLOC, clean(' //~ shadow-free-all-before-unpatch'), '.pre_unpatch = clean'), { only });
    check(replacing(ALLOC, clean(), '.post_unpatch = clean'), { only });
    check(replacing('', clean(), '.pre_unpatch = clean'), { only });
  });
});

describe('shadow-gfp-in-atomic', () => {
  const only = ['shadow-gfp-in-atomic'];
  const call = 'klp_shadow_alloc(file, READS, 4, GFP_KERNEL, NULL, NULL);';

  it.each([
    `spin_lock_irqsave(&l, flags);\n\t${call} //~ shadow-gfp-in-atomic\n\tspin_unlock_irqrestore(&l, flags);`,
    `rcu_read_lock();\n\tif (x) {\n\t\t${call} //~ shadow-gfp-in-atomic\n\t}\n\trcu_read_unlock();`,
    `spin_lock(&l);\n\tif (x)\n\t\treturn 1;\n\t${call} //~ shadow-gfp-in-atomic`,
  ])('reports: %s', (body) => {
    check(replacing(body), { only });
  });

  it.each([
    `spin_lock(&l);\n\tspin_unlock(&l);\n\t${call}`,
    `${call}\n\tspin_lock(&l);\n\tspin_unlock(&l);`,
    `if (x)\n\t\tspin_lock(&l);\n\t${call}`,
    `if (x) {\n\t\tspin_lock(&l);\n\t}\n\t${call}`,
    `spin_lock(&l);\n\tif (x)\n\t\tspin_unlock(&l);\n\t${call}`,
    `mutex_lock(&m);\n\t${call}\n\tmutex_unlock(&m);`,
    `spin_lock(&l);\n\t${call.replace('GFP_KERNEL', 'GFP_ATOMIC')}`,
    `spin_lock(&l);\n\tgoto out;\nagain:\n\t${call}\nout:\n\tspin_unlock(&l);`,
    `#ifdef CONFIG_X\n\tspin_lock(&l);\n#endif\n\t${call}`,
  ])('keeps quiet about: %s', (body) => {
    check(replacing(body), { only });
  });
});

describe('shadow-key-stack-address', () => {
  const only = ['shadow-key-stack-address'];
  const attach = (parent: string, mark = '') => `klp_shadow_alloc(${parent}, READS, 4, GFP_KERNEL, NULL, NULL);${mark}`;

  it.each(['&local', '&local.member', '&file'])('reports %s', (parent) => {
    check(replacing(`struct item local;\n\n\t${attach(parent, ' //~ shadow-key-stack-address')}`), { only });
  });

  it.each(['file', '&file->f_path', '&shared', '&kept', 'item', '&items[3]'])('keeps quiet about %s', (parent) => {
    check(
      replacing(
        `static struct item kept;\n\tstruct item *item = find();\n\n\t${attach(parent)}`,
        'static struct item shared;',
      ),
      {
        only,
      },
    );
  });

  it('keeps quiet when the function frees it itself', () => {
    check(replacing(`struct item local;\n\n\t${attach('&local')}\n\tklp_shadow_free(&local, READS, NULL);`), { only });
  });
});
