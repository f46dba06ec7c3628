import { describe, expect, it } from 'vitest';
import { imagesFrom } from './scenarios.ts';

const text = (body: string) => `#include <linux/livepatch.h>
static int ret;
module_param(ret, int, 0444);
static int other(struct seq_file *m, void *v) { return 0; }
static int before(struct klp_object *obj)
{
	${body}
}
static struct klp_func funcs[] = { { .old_name = "cmdline_proc_show", .new_func = other }, { } };
static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { .pre_patch = before } }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
static int __init lp_init(void) { return klp_enable_patch(&patch); }
module_init(lp_init);
MODULE_INFO(livepatch, "Y");
`;

function returnOf(body: string, parameters: [string, string][] = [], returns: [string, number][] = []) {
  const image = imagesFrom(new Map([['lp', text(body)]]))({
    do: 'load',
    module: 'lp',
    parameters: new Map(parameters),
    returns: new Map(returns),
    source: { start: 0, end: 0 },
    errno: 0,
  });
  const callback = image.objects[0]?.callbacks.pre_patch;
  return callback && [callback.returns, callback.returnKnown];
}

describe('imageWithParameters', () => {
  it('takes the value of a parameter that pre_patch returns', () => {
    expect(returnOf('return ret;', [['ret', '-19']])).toEqual([-19, true]);
    expect(returnOf('return ret;')).toEqual([0, false]);
    expect(returnOf('return ret;', [['ret', 'many']])).toEqual([0, false]);
    expect(returnOf('return (ret);', [['ret', '-19']])).toEqual([-19, true]);
    expect(returnOf('return -ret;', [['ret', '19']])).toEqual([0, false]);
    expect(returnOf('return 1 + ret;', [['ret', '5']])).toEqual([0, false]);
  });

  it('takes a constant from the source, and what the scenario says before anything else', () => {
    expect(returnOf('return -16;', [['ret', '-19']])).toEqual([-16, true]);
    expect(returnOf('return ret;', [['ret', '-19']], [['vmlinux', -5]])).toEqual([-5, true]);
    expect(returnOf('return ret;', [['ret', '-19']], [['ext4', -5]])).toEqual([-19, true]);
  });

  it('assumes success where paths differ', () => {
    expect(returnOf('if (!obj) return -1; return ret;', [['ret', '-19']])).toEqual([0, false]);
  });
});
