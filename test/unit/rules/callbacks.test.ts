import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { check } from '../../support/check.ts';

/** A patch of vmlinux with these callbacks, behind the functions. */
function withCallbacks(functions: string, callbacks: string, object = ''): string {
  return `#include <linux/livepatch.h>
${functions}
static struct klp_func funcs[] = { { } };
static struct klp_object objs[] = {
	{ ${object} .funcs = funcs, .callbacks = { ${callbacks} } },
	{ }
};
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

describe('callback-wrong-signature', () => {
  const only = ['callback-wrong-signature'];

  it.each([
    'static int cb(struct klp_object *obj) { return 0; }',
    'static int cb(struct klp_object *) { return 0; }',
    'int cb(struct klp_object *const obj) { return 0; }',
    'static result_t cb(struct klp_object *obj) { return 0; }',
    'static int cb(klp_object_t *obj) { return 0; }',
    '#define RESULT int\nstatic RESULT cb(struct klp_object *obj) { return 0; }',
    '#define OBJECT struct klp_object *obj\nstatic int cb(OBJECT) { return 0; }',
    'int cb(void);',
  ])('takes for pre_patch: %s', (text) => {
    check(withCallbacks(text, '.pre_patch = cb'), { only });
  });

  it.each([
    ['static void cb(struct klp_object *obj) { }', 'returns void'],
    ['static long cb(struct klp_object *obj) { return 0; }', 'returns long'],
    ['static bool cb(struct klp_object *obj) { return 0; }', 'returns bool'],
    ['static int cb(void) { return 0; }', 'takes no parameter'],
    ['static int cb(struct klp_patch *patch) { return 0; }', 'struct klp_patch *'],
    ['static int cb(struct klp_object *obj, void *data) { return 0; }', '2 parameters'],
  ])('refuses for pre_patch: %s', (text, says) => {
    check(withCallbacks(`${text} //~ callback-wrong-signature "${says}"`, '.pre_patch = cb'), { only });
  });

  it('wants nothing back from the others', () => {
    check(
      withCallbacks(
        'static void cb(struct klp_object *obj) { }',
        '.post_patch = cb, .pre_unpatch = cb, .post_unpatch = cb',
      ),
      {
        only,
      },
    );
    check(
      withCallbacks(
        'static int cb(struct klp_object *obj) { return 0; } //~ callback-wrong-signature',
        '.post_patch = cb',
      ),
      {
        only,
      },
    );
  });

  it('turns a void function into one that returns 0', () => {
    const source = withCallbacks(
      'static void cb(void)\n{\n\tif (!ready)\n\t\treturn;\n\tstart();\n}',
      '.pre_patch = cb',
    );
    const [finding] = check(source.replace('cb(void)', 'cb(void) //~ callback-wrong-signature'), { only });
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toContain(
      'static int cb(struct klp_object *obj)\n{\n\tif (!ready)\n\t\treturn 0;\n\tstart();\n\treturn 0;\n}',
    );
  });
});

describe('callback-positive-return', () => {
  const only = ['callback-positive-return'];

  it.each(['0', '-EINVAL', '-1', 'ret', 'do_it()', 'PTR_ERR(p)'])('takes: return %s', (value) => {
    check(withCallbacks(`static int cb(struct klp_object *obj) { return ${value}; }`, '.pre_patch = cb'), { only });
  });

  it('turns an errno round', () => {
    const source = withCallbacks('static int cb(struct klp_object *obj) { return ENOMEM; }', '.pre_patch = cb');
    const [finding] = check(source.replace('ENOMEM; }', 'ENOMEM; } //~ callback-positive-return'), { only });
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toContain('return -ENOMEM; }');
  });
});

describe('what callbacks set up', () => {
  const only = ['pre-patch-without-post-unpatch', 'callback-wrong-pairing'];
  const callback = (type: string, name: string, body: string) =>
    `static ${type} ${name}(struct klp_object *obj)\n{\n\t${body}\n}\n`;

  it.each([
    ['mod_timer(&t, jiffies); return 0;', 'del_timer_sync(&t);'],
    ['schedule_delayed_work(&w, HZ); return 0;', 'cancel_delayed_work_sync(&w);'],
    ['return register_kprobe(&kp);', 'unregister_kprobe(&kp);'],
    ['return nf_register_net_hook(&init_net, &ops);', 'nf_unregister_net_hook(&init_net, &ops);'],
    ['return blocking_notifier_chain_register(&c, &nb);', 'blocking_notifier_chain_unregister(&c, &nb);'],
    ['p = kthread_run(fn, NULL, "x"); return 0;', 'kthread_stop(p);'],
    ['d = debugfs_create_dir("x", NULL); return 0;', 'debugfs_remove_recursive(d);'],
    ['p = kmalloc(1, GFP_KERNEL); return 0;', 'kfree(p);'],
  ])('pairs %s with %s', (setUp, takeDown) => {
    const both = callback('int', 'pre', setUp) + callback('void', 'post', takeDown);
    check(withCallbacks(both, '.pre_patch = pre, .post_unpatch = post'), { only });
    check(
      withCallbacks(both, '.pre_patch = pre, .pre_unpatch = post').replace(
        setUp,
        `${setUp} //~ callback-wrong-pairing`,
      ),
      {
        only,
      },
    );
    check(withCallbacks(callback('int', 'pre', `${setUp} //~ pre-patch-without-post-unpatch`), '.pre_patch = pre'), {
      only,
    });
  });

  it('follows functions of the module', () => {
    const functions = `static int set_up(void)
{
	return register_kprobe(&kp); //~ pre-patch-without-post-unpatch
}
${callback('int', 'pre', 'return set_up();')}`;
    check(withCallbacks(functions, '.pre_patch = pre'), { only });
    check(
      withCallbacks(
        `static int set_up(void) { return register_kprobe(&kp); }
static void tear_down(void) { unregister_kprobe(&kp); }
${callback('int', 'pre', 'return set_up();')}${callback('void', 'post', 'tear_down();')}`,
        '.pre_patch = pre, .post_unpatch = post',
      ),
      { only },
    );
  });

  it('keeps quiet when the module takes it down elsewhere', () => {
    const pre = callback('int', 'pre', 'p = kmalloc(1, GFP_KERNEL); return 0;');
    check(withCallbacks(`${pre}static void fixed(void) { kfree(p); }`, '.pre_patch = pre'), { only });
    check(withCallbacks(`${pre}static void cleanup(void) { kfree(p); }\nmodule_exit(cleanup);`, '.pre_patch = pre'), {
      only,
    });
    check(
      withCallbacks(
        callback('int', 'pre', 'p = kmalloc(1, GFP_KERNEL); use(p); kfree(p); return 0;'),
        '.pre_patch = pre',
      ),
      {
        only,
      },
    );
  });

  it('keeps quiet when a callback or a part of the module cannot be seen', () => {
    const pre = callback('int', 'pre', 'return register_kprobe(&kp);');
    check(withCallbacks(`${pre}#include "rest.c"`, '.pre_patch = pre'), { only });
    check(withCallbacks(pre, '.pre_patch = pre, .post_unpatch = CLEAN_UP'), { only });
  });

  it('knows the pair of post_patch', () => {
    const start = callback('void', 'start', 'register_kprobe(&kp);');
    const stop = callback('void', 'stop', 'unregister_kprobe(&kp);');
    check(withCallbacks(start + stop, '.post_patch = start, .pre_unpatch = stop'), { only });
    check(withCallbacks(start.replace('kp);', 'kp); //~ callback-wrong-pairing "nothing"'), '.post_patch = start'), {
      only,
    });
    check(
      withCallbacks(
        start.replace('kp);', 'kp); //~ callback-wrong-pairing "post_unpatch"') + stop,
        '.post_patch = start, .post_unpatch = stop',
      ),
      { only },
    );
    // Freeing NULL does no harm.
    check(
      withCallbacks(
        callback('void', 'start', 'p = kmalloc(1, GFP_KERNEL);') + callback('void', 'stop', 'kfree(p);'),
        '.post_patch = start, .post_unpatch = stop',
      ),
      { only },
    );
  });
});

describe('callback-on-null-mod', () => {
  const only = ['callback-on-null-mod'];
  const show = (body: string) => `static void cb(struct klp_object *obj)\n{\n\t${body}\n}\n`;

  it.each([
    'if (obj->mod) pr_info("%s", obj->mod->state);',
    'if (!obj->mod)\n\t\treturn;\n\tpr_info("%s", obj->mod->state);',
    'pr_info("%s", obj->mod ? obj->mod->state : "vmlinux");',
    'if (!is_module(obj))\n\t\treturn;\n\tpr_info("%s", obj->mod->state);',
    'pr_info("%p", obj->mod);',
    '/* obj->mod->state */',
    // An array: nothing is read before printk() looks at the address.
    'pr_info("%s", obj->mod->name);',
  ])('keeps quiet about: %s', (body) => {
    check(withCallbacks(show(body), '.post_patch = cb'), { only });
  });

  it('keeps quiet about callbacks of modules', () => {
    const body = show('pr_info("%s", obj->mod->state);');
    check(withCallbacks(body, '.post_patch = cb', '.name = "nfsd",'), { only });
    check(withCallbacks(body, '.post_patch = cb', '.name = OBJECT_NAME,'), { only });
  });
});

describe('what callbacks must not do', () => {
  const only = ['callback-reenters-livepatch', 'callback-loads-module', 'callback-sleeps-long'];
  const post = (body: string) =>
    withCallbacks(`static void cb(struct klp_object *obj)\n{\n\t${body}\n}\n`, '.post_patch = cb');

  it('reports loading a module', () => {
    check(post('request_module("nfsd"); //~ callback-loads-module'), { only });
    check(post('request_module_nowait("nfsd");'), { only });
    check(post('klp_get_state(&patch, 1);'), { only });
  });

  it('counts milliseconds', () => {
    check(post('msleep(1000); //~ callback-sleeps-long "1 s"'), { only });
    check(post('ssleep(3); //~ callback-sleeps-long "3 s"'), { only });
    check(post('msleep(999);'), { only });
    check(post('msleep(delay);'), { only });
  });
});
