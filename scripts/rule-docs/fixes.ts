import { checkModule } from '../../server/src/analysis/check.ts';
import type { CParser } from '../../server/src/analysis/parser.ts';
import { readModule } from '../../server/src/analysis/read-module.ts';
import type { Rule } from '../../server/src/analysis/rule.ts';
import { EXAMPLE_KERNEL } from '../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../server/src/analysis/rules/example-text.ts';
import { SourceUnit } from '../../server/src/analysis/source-unit.ts';
import { DEFAULT_KERNEL_VERSION, parseKernelVersion } from '../../server/src/kernel/version.ts';
import type { NamedFix } from './pages.ts';

/** The quick fixes that a rule offers for its own bad examples, each title once. */
export function fixesOf(rule: Rule, parser: CParser): NamedFix[] {
  const fixes = new Map<string, NamedFix>();
  for (const example of rule.examples.bad) {
    const file = example.file ?? 'uptime_fix.c';
    const version = example.kernel ?? parseKernelVersion(DEFAULT_KERNEL_VERSION);
    if (!version) throw new Error(`${DEFAULT_KERNEL_VERSION} is no kernel version`);
    const unit = new SourceUnit(parser, file, exampleText(example).text);
    const module = readModule([unit], { name: file.replace(/\.c$/, '').replaceAll('-', '_'), missing: [] });
    unit.dispose();
    for (const finding of checkModule(module, {
      kernel: { version, knowledge: rule.needs ? EXAMPLE_KERNEL : null },
      severities: {},
      rules: [rule],
    })) {
      for (const { title, safety } of finding.fixes ?? []) fixes.set(title, { title, safety });
    }
  }
  return [...fixes.values()];
}
