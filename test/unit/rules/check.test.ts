import { describe, expect, it } from 'vitest';
import { type CheckOptions, checkModule } from '../../../server/src/analysis/check.ts';
import type { Rule, RuleFinding, Severity } from '../../../server/src/analysis/rule.ts';
import { ruleById } from '../../../server/src/analysis/rules/index.ts';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import { check, read } from '../../support/check.ts';

const KERNEL = { version: { major: 6, minor: 12 }, knowledge: null };

/** A livepatch with two mistakes. */
const SOURCE = `
#include <linux/livepatch.h>

static struct klp_func funcs[] = { { } };
static struct klp_object objs[] = {
	{
		.name = "vmlinux",
		.funcs = funcs,
	},
	{ }
};
static struct klp_patch patch = {
	.objs = objs,
};
static int __init fix_init(void) { return klp_enable_patch(&patch); }
static void __exit fix_exit(void) { }
module_init(fix_init);
module_exit(fix_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;

describe('checkModule', () => {
  it('finds what the marks say', () => {
    check(
      SOURCE.replace('"vmlinux",', '"vmlinux", //~ object-name-vmlinux-string "never applies"').replace(
        'patch = {',
        'patch = { //~ patch-mod-unset empty-patch',
      ),
    );
  });

  it('gives findings the severity that the settings ask for, and leaves out what is off', () => {
    const findings = checkModule(read(SOURCE), {
      kernel: KERNEL,
      severities: { 'patch-mod-unset': 'hint', 'empty-patch': 'off' },
    });
    expect(findings.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['object-name-vmlinux-string', 'error'],
      ['patch-mod-unset', 'hint'],
    ]);
  });

  it('lets a finding be milder than its rule and than the settings, never stronger', () => {
    const own = ruleById('patch-mod-unset');
    if (!own) throw new Error('there is no such rule');
    const severity = (found: Severity, settings: CheckOptions['severities'] = {}) =>
      checkModule(read(SOURCE), {
        kernel: KERNEL,
        severities: settings,
        rules: [{ ...own, check: (...args) => own.check(...args).map((finding) => ({ ...finding, severity: found })) }],
      }).map((finding) => finding.severity);
    expect(severity('warning')).toEqual(['warning']);
    expect(severity('error', { [own.id]: 'hint' })).toEqual(['hint']);
    expect(severity('warning', { [own.id]: 'error' })).toEqual(['warning']);
  });

  it('says what the kernel does', () => {
    const [finding] = checkModule(read(SOURCE), { kernel: KERNEL, severities: {} });
    expect(finding?.kernel).toBe(ruleById('object-name-vmlinux-string')?.kernel.text);
  });

  it('keeps silent about modules that have nothing to do with livepatch', () => {
    const module: LivepatchModule = { ...read(SOURCE), role: 'none' };
    expect(checkModule(module, { kernel: KERNEL, severities: { 'no-such-rule': 'off' } })).toEqual([]);
  });

  it('goes on when a rule throws, and tells', () => {
    const broken: Rule = {
      ...aRule('broken'),
      check() {
        throw new Error('index out of range');
      },
    };
    const told: string[] = [];
    const findings = checkModule(read(SOURCE), {
      kernel: KERNEL,
      severities: {},
      rules: [broken, aRule('sound', [[3, 5]])],
      onError: (rule, error) => told.push(`${rule}: ${error instanceof Error ? error.message : error}`),
    });
    expect(findings.map(({ rule }) => rule)).toEqual(['sound']);
    expect(told).toEqual(['broken: index out of range']);
  });

  it('sorts by position and drops repeats', () => {
    const rules = [
      aRule('late', [
        [30, 31],
        [10, 12],
        [30, 31],
      ]),
      aRule('early', [[10, 11]]),
    ];
    const findings = checkModule(read(SOURCE), { kernel: KERNEL, severities: {}, rules });
    expect(findings.map(({ rule, range }) => [rule, range.start, range.end])).toEqual([
      ['early', 10, 11],
      ['late', 10, 12],
      ['late', 30, 31],
    ]);
  });

  it.each([
    ['5.0', []],
    ['5.1', ['between']],
    ['5.4', ['between']],
    ['5.5', []],
  ])('runs a rule only on its kernels: %s', (kernel, expected) => {
    const between: Rule = {
      ...aRule('between', [[0, 1]]),
      since: { major: 5, minor: 1 },
      until: { major: 5, minor: 5 },
    };
    const [major, minor] = kernel.split('.').map(Number) as [number, number];
    const findings = checkModule(read(SOURCE), {
      kernel: { version: { major, minor }, knowledge: null },
      severities: {},
      rules: [between],
    });
    expect(findings.map(({ rule }) => rule)).toEqual(expected);
  });
});

describe('livepatch-ignore', () => {
  const only = ['object-name-vmlinux-string', 'unknown-rule-id'];

  it('silences a rule on its line', () => {
    check(SOURCE.replace('"vmlinux",', '"vmlinux", // livepatch-ignore object-name-vmlinux-string: on purpose'), {
      only,
    });
  });

  it('silences the next line when it stands alone', () => {
    check(
      SOURCE.replace(
        '.name = "vmlinux",',
        '/* livepatch-ignore object-name-vmlinux-string: on purpose */\n\t\t.name = "vmlinux",',
      ),
      { only },
    );
  });

  it('silences no other line and no other rule', () => {
    check(
      SOURCE.replace(
        '.name = "vmlinux",',
        '// livepatch-ignore object-name-dash: not this one\n\t\t.name = "vmlinux", //~ object-name-vmlinux-string',
      ),
      { only },
    );
  });

  it('says so when there is no such rule, and which was meant', () => {
    const [finding] = check(
      SOURCE.replace('{ { } };', '{ { } }; // livepatch-ignore object-name-dahs: typo //~ unknown-rule-id').replace(
        '"vmlinux",',
        '"vmlinux", //~ object-name-vmlinux-string',
      ),
      { only },
    );
    expect(finding?.severity).toBe('information');
    expect(finding?.message).toBe(
      'There is no rule "object-name-dahs", so this comment has no effect. Did you mean "object-name-dash"?',
    );
  });

  it('says so for settings too, at the start of the first file', () => {
    const findings = checkModule(read(SOURCE), {
      kernel: KERNEL,
      severities: { 'patch-mod-unset': 'off', 'empty-patch': 'off', 'object-name-vmlinux': 'off', zebra: 'error' },
    });
    expect(findings.map(({ rule, message, range }) => [rule, range.start, message])).toEqual([
      [
        'unknown-rule-id',
        0,
        'There is no rule "object-name-vmlinux", so this setting has no effect. Did you mean "object-name-vmlinux-string"?',
      ],
      ['unknown-rule-id', 0, 'There is no rule "zebra", so this setting has no effect.'],
      ['object-name-vmlinux-string', expect.any(Number), expect.any(String)],
    ]);
  });
});

/** A rule that reports these ranges of the first file. */
function aRule(id: string, places: readonly (readonly [number, number])[] = []): Rule {
  const model = ruleById('patch-mod-unset');
  if (!model) throw new Error('the rule that this one is modelled on is gone');
  return {
    ...model,
    id,
    check: (module): RuleFinding[] =>
      places.map(([start, end]) => ({
        range: { file: module.files[0]?.file ?? '', start, end },
        message: 'Something is wrong.',
      })),
  };
}
