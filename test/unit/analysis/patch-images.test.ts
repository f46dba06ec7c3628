import { describe, expect, it } from 'vitest';
import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { read } from '../../support/check.ts';

function image(source: string): PatchImage {
  const [first] = patchImages(read(source, { name: 'livepatch_test' }));
  if (!first) throw new Error('no patch was read');
  return first;
}

const PATCH = 'static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };';
const FUNCS = 'static struct klp_func funcs[] = { { .old_name = "old", .new_func = new }, { } };';

describe('a patch image', () => {
  it('has everything that the kernel gets', () => {
    const text = `
      static int new(void) { return 0; }
      static int before(struct klp_object *obj) { return -ENODEV; }
      static void after(struct klp_object *obj) { }
      static struct klp_func funcs[] = { { .old_name = "old", .new_func = new, .old_sympos = 2 }, { } };
      static struct klp_object objs[] = {
        { .funcs = funcs },
        { .name = "ext4", .funcs = (struct klp_func[]){ { } }, .callbacks = { .pre_patch = before, .post_patch = after } },
        { }
      };
      static struct klp_state states[] = { { .id = 5, .version = 3 }, { } };
      static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, .states = states, .replace = true };
      module_exit(stop);
      MODULE_INFO(livepatch, "Y");`;
    const found = image(text);
    expect(found).toMatchObject({
      ...{ module: 'livepatch_test', variable: 'patch', livepatchMark: true, hasExit: true, replace: true },
      ...{ replaceable: null, states: [{ id: 5, version: 3 }], assumptions: [] },
      objects: [
        { name: null, funcs: [{ oldName: 'old', newFunc: 'new', oldSympos: 2 }], callbacks: {} },
        {
          ...{ name: 'ext4', funcs: [] },
          callbacks: {
            pre_patch: { function: 'before', returns: -19, returnKnown: true },
            post_patch: { function: 'after', returns: 0, returnKnown: true },
          },
        },
      ],
    });
    const at = (range: { start: number; end: number } | null | undefined) => text.slice(range?.start, range?.end);
    expect(at(found.source)).toBe('patch');
    expect(at(found.objects[0]?.funcs[0]?.source)).toBe('"old"');
    expect(at(found.objects[0]?.funcs[0]?.newFuncSource)).toBe('new');
    expect(at(found.objects[1]?.callbacks.pre_patch?.source)).toBe('before');
  });

  it('ends tables where the kernel does', () => {
    const found = image(`
      static struct klp_func funcs[] = { { .old_name = "a", .new_func = f }, { }, { .old_name = "b", .new_func = f } };
      static struct klp_object objs[] = { { .funcs = funcs }, { .callbacks = { .pre_patch = f } }, { .name = "x", .funcs = funcs } };
      static struct klp_state states[] = { { .id = 1 }, { .version = 2 }, { .id = 3 } };
      static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, .states = states };`);
    expect(found.objects.map(({ funcs }) => funcs.map(({ oldName }) => oldName))).toEqual([['a']]);
    expect(found.states).toEqual([{ id: 1, version: 0 }]);
    expect(found.assumptions).toEqual([
      'An object with neither name nor funcs ends the table, as it does in the kernel.',
    ]);
  });

  it('takes the first arm of #if, and says so', () => {
    const found = image(`${FUNCS}
      static struct klp_object objs[] = {
      #ifdef CONFIG_X
        { .name = "x", .funcs = funcs },
      #else
        { .name = "y", .funcs = funcs },
      #endif
        { }
      };
      ${PATCH}`);
    expect(found.objects.map(({ name }) => name)).toEqual(['x']);
    expect(found.assumptions).toEqual(['"#if defined(CONFIG_X)" is taken as true.']);
  });

  it('decides what it does not know, and says how', () => {
    const found = image(`
      static int before(struct klp_object *obj) { if (x) return -ENOMEM; return 0; }
      static struct klp_func funcs[] = { { .old_name = SYM(read), .new_func = new }, { } };
      static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { before, AFTER } }, { } };
      ${PATCH}
      static int start(void) { patch.replace = replace; return klp_enable_patch(&patch); }`);
    expect(found).toMatchObject({ replace: false, objects: [{ funcs: [{ oldName: 'SYM(read)', newFunc: 'new' }] }] });
    expect(found.objects[0]?.callbacks.pre_patch).toMatchObject({ returns: 0, returnKnown: false });
    expect(found.assumptions).toEqual([
      'patch.replace is taken as false: set at run time in start().',
      'before() is taken to return 0.',
      'post_patch of vmlinux is left out: AFTER is not defined in this module.',
      'An old_name is taken as "SYM(read)": SYM() is not defined in this module.',
    ]);
  });

  it('knows what module parameters decide', () => {
    const found = image(`
      static int replace, result;
      module_param(replace, int, 0644);
      module_param(result, int, 0644);
      static int before(struct klp_object *obj) { if (obj->mod) return (result); return result; }
      static void after(struct klp_object *obj) { }
      ${FUNCS}
      static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { before, after } }, { } };
      ${PATCH}
      static int start(void) { patch.replace = replace; return klp_enable_patch(&patch); }`);
    expect(found).toMatchObject({ replace: false, replaceParameter: 'replace' });
    expect(found.objects[0]?.callbacks.pre_patch).toMatchObject({
      returns: 0,
      returnKnown: false,
      returnsParameter: 'result',
    });
    expect(found.objects[0]?.callbacks.post_patch).not.toHaveProperty('returnsParameter');
  });

  it.each([
    ['= -ENODEV', 'result, int', 'result', -19],
    ['= 0x10', 'result, int', 'result', 16],
    ['= FAILS', 'result, int', 'result', -22],
    ['= true', 'result, bool', 'result', 1],
    ['', 'result, int', 'result', 0],
    ['= 3', 'ret, result, int', 'ret', 3],
    ['= compute()', 'result, int', 'result', 0],
  ])('takes a parameter of %j as module_param(%s, …) says', (initialiser, declared, name, returns) => {
    const macro = declared.startsWith('ret,') ? 'module_param_named' : 'module_param';
    const found = image(`
      #define FAILS -22
      static int result ${initialiser};
      ${macro}(${declared}, 0644);
      static int before(struct klp_object *obj) { return result; }
      ${FUNCS}
      static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { before } }, { } };
      ${PATCH}
      static int start(void) { patch.replace = result; return klp_enable_patch(&patch); }`);
    expect(found.objects[0]?.callbacks.pre_patch).toMatchObject({ returns, returnsParameter: name });
    expect(found).toMatchObject({ replace: returns !== 0, replaceParameter: name });
  });

  it('says when a table has no end, or one that is not seen', () => {
    const found = image(`
      static struct klp_func funcs[] = { { .old_name = "a", .new_func = f } };
      static struct klp_object objs[] = { { .funcs = funcs }, OBJECTS };
      ${PATCH}`);
    expect(found.assumptions).toEqual([
      'The table of objects of patch may have more entries than are written there.',
      'The table of functions of vmlinux has no terminating entry; zeros are assumed to follow it.',
    ]);
  });

  it('is made for every patch of the module, and none without', () => {
    expect(patchImages(read('struct klp_patch a = { }, b = { };')).map(({ variable }) => variable)).toEqual(['a', 'b']);
    expect(patchImages(read('int x;'))).toEqual([]);
  });
});
