import type { CallSite, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { formatVersion } from '../../../kernel/version.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { removeText, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { kernelCalls } from './kernel-calls.ts';

const REMOVED: { readonly [name: string]: string } = {
  klp_register_patch: 'klp_enable_patch() does it all',
  klp_unregister_patch: 'The kernel frees a disabled patch by itself',
  klp_disable_patch: 'A patch is disabled by writing 0 to its "enabled" file in sysfs',
};

export const rule: Rule = {
  id: 'removed-api',
  severity: 'error',
  severityReason: 'The module cannot be built for this kernel.',
  group: 'versions',
  summary: 'A function is called that the target kernel does not have any more.',
  since: { major: 5, minor: 1 },
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: the function is not declared.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'Since Linux 5.1 `klp_enable_patch()` registers the patch as well. Disabling is up to the administrator, by sysfs, ' +
    'and a disabled patch frees itself: the module’s exit function has nothing to do any more. ' +
    'For a module that is also built for older kernels put the call inside `#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)`: ' +
    'the rule keeps quiet there.',
  examples: {
    bad: [
      {
        title: 'An exit function as before Linux 5.1',
        code: exampleModule({
          exit: `
static void __exit uptime_fix_exit(void)
{
	WARN_ON(klp_unregister_patch(&patch)); //~
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
    good: [{ title: 'An exit function without work', code: exampleModule({}) }],
  },
  check(module, { version }) {
    return Object.entries(REMOVED).flatMap(([name, instead]) =>
      kernelCalls(module, name).map(
        (call): RuleFinding => ({
          range: call.calleeRange,
          message: `${name}() is gone since Linux 5.1, and this module is for ${formatVersion(version)}: the compiler stops. ${instead}.`,
          fixes: name === 'klp_register_patch' ? [] : removal(module, call),
        }),
      ),
    );
  },
};

/** Only where the call is a whole statement, alone or in a WARN_ON(). */
function removal(module: LivepatchModule, { range, callee }: CallSite): Fix[] {
  const { file } = range;
  const text = textOf(module, file);
  const before = /(?:WARN_ON(?:_ONCE)?\s*\(\s*|\(void\)\s*)?$/.exec(text.slice(0, range.start))?.[0] ?? '';
  const after = (before.startsWith('WARN_ON') ? /^\s*\)\s*;/ : /^\s*;/).exec(text.slice(range.end))?.[0];
  const start = range.start - before.length;
  const previous = text.slice(0, start).trimEnd().at(-1);
  if (after === undefined || (previous !== ';' && previous !== '{' && previous !== '}')) return [];
  return [
    {
      title: `Remove the call of ${callee}()`,
      safety: 'safe',
      edits: [removeText(module, { file, start, end: range.end + after.length })],
    },
  ];
}
