import { expect, it } from 'vitest';
import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import type { PatchImage, ShadowUse } from '../../../shared/src/model/index.ts';
import { read } from '../../support/check.ts';

function image(source: string): PatchImage {
  const [first] = patchImages(
    read(
      `${source}
      static struct klp_func funcs[] = { { .old_name = "old", .new_func = new }, { } };
      static struct klp_object objs[] = { { .funcs = funcs, .callbacks = { .pre_patch = before } }, { } };
      static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };`,
      { name: 'lp' },
    ),
  );
  if (!first) throw new Error('no patch was read');
  return first;
}

const spelt = (uses: readonly ShadowUse[] | undefined) =>
  uses?.map(({ call, id, object, constructs }) => [call, id, object, constructs ?? 0]);

const ofFunction = (source: string) => spelt(image(source).objects[0]?.funcs[0]?.shadow);
const ofCallback = (body: string) =>
  spelt(
    image(`static int new(void) { return 0; }
      static struct thing mine;
      static int before(struct klp_object *obj) { ${body} return 0; }`).objects[0]?.callbacks.pre_patch?.shadow,
  );

it('are read from the function and those that it calls', () => {
  expect(
    ofFunction(`
      #define ID 0x10
      static int fails(void *obj, void *data, void *ctor) { return -EINVAL; }
      static int mixed(void *obj, void *data, void *ctor) { if (data) return 0; return -ENOMEM; }
      static void help(struct thing *thing) { klp_shadow_free(thing, ID, NULL); klp_shadow_free_all(UNKNOWN, NULL); }
      static int unrelated(struct thing *thing) { klp_shadow_get(thing, 7); return 0; }
      static int new(struct thing *thing)
      {
        klp_shadow_get(thing, ID + 1);
        klp_shadow_alloc(thing, ID, 8, GFP_KERNEL, fails, NULL);
        klp_shadow_get_or_alloc(thing, ID, 8, GFP_KERNEL, mixed, NULL);
        help(thing);
        return 0;
      }`),
  ).toEqual([
    ['get', 17, null, 0],
    ['alloc', 16, null, -22],
    ['get_or_alloc', 16, null, 0],
    ['free', 16, null, 0],
    ['free_all', 'UNKNOWN', null, 0],
  ]);
});

it("are read from the module's exit function", () => {
  const found = image(`
    static int new(void) { return 0; }
    static void leave(void) { klp_shadow_free_all(3, NULL); }
    module_exit(leave);`);
  expect(found.exit?.function).toBe('leave');
  expect(spelt(found.exit?.shadow)).toEqual([['free_all', 3, null, 0]]);
});

it('are absent where nothing is done', () => {
  const found = image('static int new(void) { return 0; } static int before(struct klp_object *obj) { return 0; }');
  expect(found.objects[0]?.funcs[0]).not.toHaveProperty('shadow');
  expect(found.objects[0]?.callbacks.pre_patch).not.toHaveProperty('shadow');
  expect(found).not.toHaveProperty('exit');
});

it.each([
  ['an object of the kernel', 'klp_shadow_alloc(&init_task, 1, 8, GFP_KERNEL, NULL, NULL);', '&init_task'],
  ['one of the module', 'klp_shadow_alloc(&mine, 1, 8, GFP_KERNEL, NULL, NULL);', null],
  ['a local one', 'struct thing it; klp_shadow_alloc(&it, 1, 8, GFP_KERNEL, NULL, NULL);', null],
  ['an argument', 'klp_shadow_alloc(obj, 1, 8, GFP_KERNEL, NULL, NULL);', null],
  [
    'one that is perhaps not reached',
    'if (obj->mod) klp_shadow_alloc(&init_task, 1, 8, GFP_KERNEL, NULL, NULL);',
    null,
  ],
])('know %s', (_what, body, object) => {
  expect(ofCallback(body)).toEqual([['alloc', 1, object, 0]]);
});

it('do not take an object as certain after another call that may find it', () => {
  expect(
    ofCallback(
      'void *old = klp_shadow_get(&init_task, 1); if (!old) klp_shadow_alloc(&init_task, 1, 8, GFP_KERNEL, NULL, NULL);',
    ),
  ).toEqual([
    ['get', 1, '&init_task', 0],
    ['alloc', 1, null, 0],
  ]);
});
