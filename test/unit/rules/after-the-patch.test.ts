import { describe, it } from 'vitest';
import { check } from '../../support/check.ts';

/** A module whose replacement has this body, with functions in front of it and an exit function's body. */
function replacing(body: string, { functions = '', exit = '' } = {}): string {
  return `#include <linux/livepatch.h>
${functions}
static int fixed(struct seq_file *m, void *v)
{
${body}
	return 0;
}
static struct klp_func funcs[] = { { .old_name = "uptime_proc_show", .new_func = fixed }, { } };
static struct klp_object objs[] = { { .funcs = funcs }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
static int __init fix_init(void)
{
	return klp_enable_patch(&patch);
}
static void __exit fix_exit(void)
{
${exit}
}
module_init(fix_init);
module_exit(fix_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
}

describe('deferred-callback-into-module', () => {
  const only = ['deferred-callback-into-module'];
  const functions = 'static void later(struct work_struct *work) { }';

  it.each([
    ['\tcall_rcu(&x->rcu, later); //~ deferred-callback-into-module "rcu_barrier()"'],
    ['\ttimer_setup(&x->timer, later, 0); //~ deferred-callback-into-module "timer_delete_sync()"'],
    ['\tINIT_WORK(&x->work, later); //~ deferred-callback-into-module "cancel_work_sync()"'],
    ['\tINIT_DELAYED_WORK(&x->work, &later); //~ deferred-callback-into-module'],
    ['\tkthread_run(later, x, "later"); //~ deferred-callback-into-module "kthread_stop()"'],
  ])('%s', (body) => {
    check(replacing(body, { functions }), { only });
  });

  it('finds it in a function that the replacement calls', () => {
    const helper = `${functions}
static void start(struct x *x)
{
	INIT_WORK(&x->work, later); //~ deferred-callback-into-module
}`;
    check(replacing('\tstart(v);', { functions: helper }), { only });
  });

  it.each([
    ['a function of the kernel', '\tcall_rcu(&x->rcu, kernel_function);', {}],
    ['a parameter', '\tcall_rcu(&x->rcu, v);', { functions }],
    ['exit that waits', '\tINIT_WORK(&x->work, later);', { functions, exit: '\tcancel_work_sync(&work);' }],
    ['a helper that waits', '\tINIT_WORK(&x->work, later);\n\tflush_work(&x->work);', { functions }],
    ['functions of which a part is elsewhere', '\tcall_rcu(&x->rcu, later);', { functions: `${functions}\n@@MORE@@` }],
  ])('keeps quiet about %s', (_, body, more) => {
    check(replacing(body, more), { only });
  });
});

describe('function-pointer-escape', () => {
  const only = ['function-pointer-escape'];
  const functions = 'static int hook(void) { return 0; }';

  it.each(['\tm->op = hook; //~ function-pointer-escape', '\tm->private->op = &hook; //~ function-pointer-escape'])(
    '%s',
    (body) => {
      check(replacing(body, { functions }), { only });
    },
  );

  it.each([
    ['a call', '\tm->op = hook();'],
    ['a local variable', '\tint (*op)(void) = hook;\n\top = hook;'],
    ['a function of the kernel', '\tm->op = seq_read;'],
    ['a comparison', '\tif (m->op == hook) return 1;'],
    ['a comment', '\t/* m->op = hook; */'],
  ])('keeps quiet about %s', (_, body) => {
    check(replacing(body, { functions }), { only });
  });
});

describe('prev-state-outside-transition', () => {
  const only = ['prev-state-outside-transition'];

  it('finds it in a function that the replacement calls', () => {
    const functions = `static int old(void)
{
	return klp_get_prev_state(1) != NULL; //~ prev-state-outside-transition
}`;
    check(replacing('\treturn old();', { functions }), { only });
  });

  it('keeps quiet about callbacks', () => {
    const functions = `static int prepare(struct klp_object *obj)
{
	return klp_get_prev_state(1) ? 0 : -EINVAL;
}
static struct klp_callbacks callbacks = { .pre_patch = prepare };`;
    check(replacing('', { functions }), { only });
  });
});

describe('shadow-alloc-duplicate', () => {
  const only = ['shadow-alloc-duplicate'];
  const alloc = (parent: string, mark = '') =>
    `\tint *p = klp_shadow_alloc(${parent}, 1, sizeof(*p), GFP_KERNEL, NULL, NULL); ${mark}`;

  it('finds variables of the kernel and of the module', () => {
    check(replacing(alloc('&init_uts_ns', '//~ shadow-alloc-duplicate')), { only });
    check(replacing(alloc('&own', '//~ shadow-alloc-duplicate'), { functions: 'static int own;' }), { only });
  });

  it.each([
    ['what the function was given', alloc('m')],
    ['a part of what the function was given', alloc('&m->lock')],
    ['a local variable, which another rule reports', `\tint here;\n${alloc('&here')}`],
    ['a macro', alloc('&UTS')],
    ['an object that is looked at first', `\tif (klp_shadow_get(&init_uts_ns, 1)) return 0;\n${alloc('&init_uts_ns')}`],
  ])('keeps quiet about %s', (_, body) => {
    check(replacing(body), { only });
  });
});

describe('kthread-main-target', () => {
  const only = ['kthread-main-target'];
  const functions = (head: string) => `static ${head}
{
	while (!kthread_should_stop())
		schedule();
	return 0;
}`;
  const patching = (head: string, mark: string) =>
    replacing('', { functions: functions(head) }).replace(
      '"uptime_proc_show", .new_func = fixed }',
      `"my_driver_main", .new_func = fixed_main }, ${mark}\n`,
    );

  it('knows the main function of a thread by its form', () => {
    check(patching('int fixed_main(void *data)', '//~ kthread-main-target'), { only });
  });

  it('keeps quiet about what a thread calls', () => {
    check(patching('int fixed_main(struct worker *data)', ''), { only });
    check(patching('bool fixed_main(void *data)', ''), { only });
  });
});
