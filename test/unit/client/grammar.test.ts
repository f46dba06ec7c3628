import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Pattern {
  readonly match: string;
  readonly name?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}

const grammar = JSON.parse(
  readFileSync(new URL('../../../syntaxes/livepatch.injection.tmLanguage.json', import.meta.url), 'utf8'),
);
const patterns: readonly Pattern[] = grammar.patterns.map(
  ({ include }: { include: string }) => grammar.repository[include.slice(1)],
);

/** `text scope` of everything that the grammar's rules colour in a line; the rules are plain regular expressions. */
function scopes(line: string): string[] {
  const found: string[] = [];
  for (const { match, name, captures } of patterns) {
    for (const result of line.matchAll(new RegExp(match, 'g'))) {
      if (captures === undefined) found.push(`${result[0]} ${name}`);
      for (const [group, { name: scope }] of Object.entries(captures ?? {})) {
        found.push(`${result[Number(group)]} ${scope}`);
      }
    }
  }
  return found.filter((entry) => !entry.includes(' punctuation.'));
}

describe('the injected grammar', () => {
  test('colours the klp structures', () => {
    expect(scopes('static struct klp_patch patch = {')).toEqual([
      'struct storage.type.struct.livepatch',
      'klp_patch entity.name.type.struct.livepatch',
    ]);
    expect(scopes('.funcs = (struct klp_func[]) {')).toContain('klp_func entity.name.type.struct.livepatch');
  });

  test('colours calls of the livepatch API, not what only looks like it', () => {
    expect(scopes('return klp_enable_patch(&patch);')).toEqual(['klp_enable_patch support.function.livepatch']);
    expect(scopes('p = klp_shadow_get_or_alloc(obj, 1, 8, GFP_KERNEL, NULL, NULL);')).toHaveLength(1);
    expect(scopes('int klp_enable_patch_later;')).toEqual([]);
    expect(scopes('my_klp_enable_patch(x);')).toEqual([]);
  });

  test('colours fields in initialisers, nested ones too', () => {
    expect(scopes('\t\t.old_name = "vfs_read",')).toEqual(['old_name variable.other.property.livepatch']);
    expect(scopes('.callbacks.pre_patch = setup,')).toEqual([
      'callbacks variable.other.property.livepatch',
      'pre_patch variable.other.property.livepatch',
    ]);
    expect(scopes('patch.replace_me = 1;')).toEqual([]);
    expect(scopes('.name = "nfsd",')).toEqual([]);
  });

  test('colours callback and relocation macros', () => {
    for (const macro of [
      'KPATCH_PRE_PATCH_CALLBACK',
      'KLP_POST_UNPATCH_CALLBACK',
      'KLP_SYSCALL_DEFINE3',
      'KPATCH_FORCE_UNSAFE',
      'KLP_RELOC_SYMBOL',
    ]) {
      expect(scopes(`${macro}(fn);`)).toEqual([`${macro} support.function.macro.livepatch`]);
    }
  });

  test('colours the mark and placeholders', () => {
    expect(scopes('MODULE_INFO(livepatch, "Y");')).toEqual([
      'MODULE_INFO support.function.macro.livepatch',
      'livepatch keyword.other.mark.livepatch',
    ]);
    expect(scopes('MODULE_INFO(suserelease, "1");')).toEqual([]);
    expect(scopes('\t@@KLP_PATCHES_OBJS@@')).toEqual([
      'KLP_PATCHES_OBJS variable.other.constant.placeholder.livepatch',
    ]);
  });

  test('is injected into C, outside comments and strings', () => {
    expect(grammar.scopeName).toBe('livepatch.injection');
    expect(grammar.injectionSelector).toContain('L:source.c -comment -string');
  });
});
