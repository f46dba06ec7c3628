import type { CallSite, FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule } from '../../rule.ts';
import { textOf } from '../edits.ts';
import { type EnableCall, enableCalls, follows } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';
import { mentions } from '../mentions.ts';

export const rule: Rule = {
  id: 'init-fails-after-enable',
  severity: 'error',
  severityReason: 'The kernel runs code that has been freed.',
  group: 'lifecycle',
  summary: 'Module init can fail after its patch is enabled.',
  kernel: {
    outcome: 'crash',
    text: 'insmod gets the error and the loader frees the module, while the patched functions still jump into it.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'When init returns an error, the module loader frees the module, whoever uses it. A patch that was enabled before ' +
    'stays enabled, and the next call of a patched function runs freed memory. There is no way to take a patch back ' +
    'from init: let `klp_enable_patch()` be the last thing that can fail.',
  examples: {
    bad: [
      {
        title: 'Something else comes last',
        code: exampleModule({
          init: `
static int announce(void)
{
	return -ENODEV;
}

static int __init uptime_fix_init(void)
{
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		return ret;

	return announce(); //~
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      {
        title: 'Enabling comes last',
        code: exampleModule({
          init: `
static int announce(void)
{
	pr_info("uptime will be fixed\\n");
	return 0;
}

static int __init uptime_fix_init(void)
{
	int ret;

	ret = announce();
	if (ret)
		return ret;

	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    const inits = new Set(module.init.map((entry) => entry.function));
    return enableCalls(module)
      .filter(({ inFunction }) => inits.has(inFunction.name))
      .flatMap((enable) =>
        failuresBehind(module, enable).map((call) => ({
          range: call.calleeRange,
          message:
            `When ${call.callee}() fails, so does module init, and the patch is enabled already. ` +
            'The kernel frees the module and runs its code on.',
          related: [{ range: enable.call.range, message: 'The patch is enabled here' }],
        })),
      );
  },
};

/** Calls made in the same block after the patch was enabled whose failure makes init fail. */
function failuresBehind(module: LivepatchModule, { call: enable, inFunction }: EnableCall): CallSite[] {
  if (enable.result.kind === 'returned') return [];
  const text = textOf(module, enable.range.file);
  return inFunction.calls.filter((call) => {
    if (call.callee === 'klp_enable_patch' || call.range.start < enable.range.end) return false;
    if (looksAt(call, enable) || alwaysSucceeds(module, call.callee)) return false;
    // A success returned in between: what follows is the way out after a failure.
    const leaves = inFunction.returns.some(
      ({ range, value }) =>
        range.start > enable.range.end && range.end < call.range.start && value.kind === 'known' && value.value === 0,
    );
    if (leaves || !follows(module, inFunction, enable, call)) return false;
    return isReturned(call) || failsAtOnce(text, inFunction, call);
  });
}

function isReturned({ result }: CallSite): boolean {
  return result.kind === 'returned' || (result.kind === 'assigned' && result.returned);
}

/** `if (f()) return -EINVAL;` or `x = f(); if (!x) return -ENOMEM;`. */
function failsAtOnce(text: string, inFunction: FunctionDefinition, { range, result }: CallSite): boolean {
  const behind = text.slice(range.end, inFunction.range.end);
  const test =
    result.kind === 'tested'
      ? /^[^;{}]*\)\s*\{?\s*(?=return\b)/.exec(behind)
      : result.kind === 'assigned'
        ? /^\s*;\s*if\s*\(([^;{}]*)\)\s*\{?\s*(?=return\b)/.exec(behind)
        : null;
  if (!test) return false;
  if (result.kind === 'assigned' && !mentions(test[1] ?? '', result.to)) return false;
  const at = range.end + test[0].length;
  return inFunction.returns.some(
    (statement) => statement.range.start === at && !(statement.value.kind === 'known' && statement.value.value === 0),
  );
}

/** `if (unlikely(ret))`, `if (WARN_ON(ret))` behind `ret = klp_enable_patch()`. */
function looksAt(call: CallSite, enable: CallSite): boolean {
  const { result } = enable;
  return result.kind === 'assigned' && call.arguments.some(({ text }) => mentions(text, result.to));
}

function alwaysSucceeds(module: LivepatchModule, callee: string): boolean {
  const definition = module.functions.find(({ name }) => name === callee);
  if (!definition) return /^(?:pr_\w+|printk|min|max|clamp|READ_ONCE)$/.test(callee);
  return (
    definition.returns.length > 0 &&
    definition.returns.every(({ value }) => value.kind === 'known' && value.value === 0)
  );
}
