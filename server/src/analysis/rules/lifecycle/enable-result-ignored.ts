import type { LivepatchModule, ResultUse } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { replaceText, skipBlanks, textOf } from '../edits.ts';
import { type EnableCall, enableCalls } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'enable-result-ignored',
  severity: 'error',
  severityReason: 'When the kernel refuses the patch, the module looks loaded and nothing is patched.',
  group: 'lifecycle',
  summary: 'Nobody looks at what klp_enable_patch() returns.',
  kernel: {
    outcome: 'hazard',
    text: 'When enabling fails, insmod succeeds all the same: the module stays loaded and nothing is patched.',
    evidence: 'kernel source',
  },
  explanation:
    '`klp_enable_patch()` returns 0 or a negative errno, often without a log line. When init returns 0 in spite of it, ' +
    'insmod reports success, the module stays loaded, and whoever loads it believes that the system is patched. Return ' +
    'the result from init.',
  examples: {
    bad: [
      {
        title: 'Dropped',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	klp_enable_patch(&patch); //~
	return 0;
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      { title: 'Returned', code: exampleModule({}) },
      {
        title: 'Looked at',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		pr_err("uptime is not fixed: %d\\n", ret);
	return ret;
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    return enableCalls(module)
      .filter(({ call }) => isIgnored(call.result))
      .map((found) => {
        const fix = returnIt(module, found);
        return {
          range: found.call.range,
          message:
            'Nobody looks at the result of klp_enable_patch(). When it fails, the module stays loaded and nothing is patched.',
          fixes: fix ? [fix] : [],
        };
      });
  },
};

function isIgnored(result: ResultUse): boolean {
  return result.kind === 'dropped' || (result.kind === 'assigned' && !result.tested && !result.returned);
}

/** `klp_enable_patch(&patch); return 0;` becomes `return klp_enable_patch(&patch);`. */
function returnIt(module: LivepatchModule, { call, inFunction }: EnableCall): Fix | null {
  if (call.result.kind !== 'dropped') return null;
  const text = textOf(module, call.range.file);
  const before = text.slice(0, call.range.start).trimEnd();
  const semicolon = skipBlanks(text, call.range.end);
  if (!/[;{}]$/.test(before) || text[semicolon] !== ';') return null;
  const next = inFunction.returns.find(({ range }) => range.start === skipBlanks(text, semicolon + 1));
  if (next?.value.kind !== 'known' || next.value.value !== 0) return null;
  const range = { file: call.range.file, start: call.range.start, end: next.range.end };
  return {
    title: 'Return the result',
    safety: 'safe',
    edits: [replaceText(range, `return ${text.slice(call.range.start, call.range.end)};`)],
  };
}
