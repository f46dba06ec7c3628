import { expect, it } from 'vitest';
import { mentionsLivepatch } from '../../../shared/src/livepatch-text.ts';

it.each([
  'static struct klp_func funcs[] = {',
  'klp_shadow_get(obj, 1);',
  '#include <linux/livepatch.h>',
  'MODULE_INFO( livepatch, "Y");',
  '#include "test_klp_state2.c"',
  '#include "uname_patch/livepatch_uname.h"',
  'KLP_PRE_PATCH_CALLBACK(fn);',
  'KPATCH_POST_UNPATCH_CALLBACK(fn);',
])('takes %j for livepatch', (text) => expect(mentionsLivepatch(text)).toBe(true));

it.each([
  '',
  'int main(void) { return 0; }',
  'struct my_klp_x y;',
  '#include <linux/module.h>',
  'MODULE_INFO(depends, "x");',
])('leaves %j alone', (text) => expect(mentionsLivepatch(text)).toBe(false));
