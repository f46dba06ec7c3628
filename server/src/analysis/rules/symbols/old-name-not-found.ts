import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { KernelKnowledge } from '../../../kernel/knowledge.ts';
import type { Fix, Rule, RuleFinding, TargetKernel } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { inSource, isInlined } from '../source-functions.ts';
import { replaceString } from '../tables.ts';
import { certainty, objectText, sourceText, type Target, targets } from '../targets.ts';

export const rule: Rule = {
  id: 'old-name-not-found',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The target kernel has no function of this name.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol 'uptime_show' not found in symbol table",
    text: 'insmod fails with EINVAL. When the object is a module that comes later, that module is refused.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel compares `.old_name` with its symbol table, letter by letter. A function can be missing there though the ' +
    'source has it: the compiler put it into its callers (`static` functions, always for the keyword `inline`), or made ' +
    'a copy with other parameters and a name such as `foo.isra.0`. Then replace all callers that have it inlined. ' +
    'The name of a system call’s entry is not the one in the source either: `SYSCALL_DEFINE1(close, …)` makes ' +
    '`__x64_sys_close` on x86-64.',
  examples: {
    bad: [
      {
        title: 'Not the function’s name',
        code: exampleModule({}).replace('"uptime_proc_show",', '"uptime_show", //~'),
      },
      {
        title: 'A function that the compiler made a changed copy of',
        code: exampleModule({
          includes: '#include <linux/sysinfo.h>',
          functions: `
static int fixed_do_sysinfo(struct sysinfo *info)
{
	return -EPERM;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "do_sysinfo", //~
		.new_func = fixed_do_sysinfo,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'A function of the kernel', code: exampleModule({}) }],
  },
  check(module, kernel) {
    const { knowledge } = kernel;
    if (!knowledge) return [];
    return targets(module).flatMap((target) => {
      const { name, objectName } = target;
      if (knowledge.coverage(objectName) !== 'complete' || isReportedByItsForm(name)) return [];
      if (knowledge.lookup(name, objectName).length > 0) return [];
      // That it is elsewhere is for func-in-wrong-object to say.
      return knowledge.everywhere(name).length > 0 ? [] : [notFound(module, kernel, knowledge, target)];
    });
  },
};

/** Rules that need no list of symbols say more of these: odd characters, too long, the padding or the cold part of a function. */
function isReportedByItsForm(name: string): boolean {
  return name.length >= 512 || !/^[\w.$]+$/.test(name) || /\.cold(?:\.\d+)?$|^__(?:pfx|cfi)_/.test(name);
}

function notFound(
  module: LivepatchModule,
  kernel: TargetKernel,
  knowledge: KernelKnowledge,
  target: Target,
): RuleFinding {
  const { name, objectName, range } = target;
  const refused = objectName === null ? '' : ', or the module is refused when it comes later';
  const there = `There is no symbol "${name}" in ${objectText(objectName)} (${sourceText(knowledge)}): insmod fails with EINVAL${refused}.`;
  const copies = knowledge.variants(name, objectName).filter((copy) => !/\.cold\b/.test(copy.name));
  if (copies.length > 0) {
    const names = copies.map((copy) => copy.name).slice(0, 3);
    return {
      range,
      message: `${there} The compiler made ${names.join(', ')} of it, perhaps with other parameters: replace its callers instead.`,
      ...certainty(knowledge),
    };
  }
  const source = inSource(kernel, target);
  if (source) {
    const advice = isInlined(source)
      ? `The source has it as an inline function (${source.place}): replace its callers instead.`
      : `The source defines it (${source.place}): it may be inlined, in a module, or not built with this configuration.`;
    return { range, message: `${there} ${advice}`, ...certainty(knowledge) };
  }
  const better = syscallEntry(knowledge, target) ?? knowledge.closest(name, objectName);
  const edit = better === null ? null : replaceString(module, target.func.oldName, better);
  const fixes: Fix[] = edit ? [{ title: `Write "${better}"`, safety: 'suggestion', edits: [edit] }] : [];
  const advice = better === null ? 'If it was inlined, replace its callers.' : `Did you mean "${better}"?`;
  return { range, message: `${there} ${advice}`, fixes, ...certainty(knowledge) };
}

/** `__x64_sys_close` for `sys_close`, `__do_sys_close` and `__se_sys_close`. */
function syscallEntry(knowledge: KernelKnowledge, { name, objectName }: Target): string | null {
  const call = /^(?:__(?:do|se|x64|x86)_)?[sS]y[sS]_(\w+)$/.exec(name)?.[1];
  if (call === undefined || objectName !== null) return null;
  const entry = `__x64_sys_${call}`;
  return knowledge.lookup(entry, null).length > 0 ? entry : null;
}
