import { describe, expect, test } from 'vitest';
import { isFunctionName, moduleName, moduleTemplate } from '../../../client/src/commands/module-template.ts';
import { mentionsLivepatch } from '../../../shared/src/livepatch-text.ts';
import { check } from '../../support/check.ts';

describe('a new module', () => {
  const answers = { name: 'livepatch_fix', object: null, function: 'cmdline_proc_show', replace: false };

  test('has no finding, for any kernel and any answers', () => {
    for (const kernel of ['5.10', '6.1', '6.12']) {
      for (const object of [null, 'nf_tables']) {
        for (const replace of [false, true]) {
          const findings = check({ 'livepatch_fix.c': moduleTemplate({ ...answers, object, replace }) }, { kernel });
          expect(findings).toEqual([]);
        }
      }
    }
  });

  test('says what was asked for', () => {
    const text = moduleTemplate({ ...answers, object: 'nf_tables', function: 'nft_do_chain', replace: true });
    expect(text).toContain('.old_name = "nft_do_chain"');
    expect(text).toContain('.name = "nf_tables"');
    expect(text).toContain('.replace = true');
    expect(text).toContain('static int __init livepatch_fix_init(void)');
    expect(moduleTemplate(answers)).not.toContain('.replace');
  });

  test('starts the server', () => {
    expect(mentionsLivepatch(moduleTemplate(answers))).toBe(true);
  });
});

describe('names', () => {
  test('of modules are read as kbuild makes them', () => {
    expect(moduleName('livepatch-fix.c')).toBe('livepatch_fix');
    expect(moduleName(' fix.ko ')).toBe('fix');
    expect(moduleName('2fix')).toBeNull();
    expect(moduleName('drivers/net/fix')).toBeNull();
    expect(moduleName('')).toBeNull();
  });

  test('of modules are shorter than MODULE_NAME_LEN', () => {
    expect(moduleName('x'.repeat(55))).toBe('x'.repeat(55));
    expect(moduleName('x'.repeat(56))).toBeNull();
  });

  test('of functions are C names', () => {
    expect(isFunctionName('__x64_sys_read')).toBe(true);
    expect(isFunctionName('vfs_read()')).toBe(false);
    expect(isFunctionName('')).toBe(false);
  });
});
