import type { CallbackName, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { type CallbackUse, callbackUses, definitionsOf } from '../queries.ts';
import { releases, type SetUp, setUps } from './resource-pairs.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int on_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = on_reboot,
};`;

const OBJS = `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`;

export const rule: Rule = {
  id: 'callback-wrong-pairing',
  severity: 'warning',
  severityReason: 'Goes wrong only when a transition fails or is reversed.',
  group: 'callbacks',
  summary: 'Something is set up in one callback and taken down in one that is not its counterpart.',
  kernel: {
    outcome: 'hazard',
    text: 'A transition that fails or is reversed runs one of the two callbacks and not the other: something is left behind, or taken down without having been set up.',
    evidence: 'kernel source',
  },
  explanation:
    'The callbacks come in two pairs. `pre_patch` goes with `post_unpatch`: a failed or reversed enable runs just ' +
    'these two. `post_patch` goes with `pre_unpatch`: both run only when the transition to patched completes, and a ' +
    'reversed disable runs `post_patch` again after `pre_unpatch`. Pair them crosswise, and a registration is leaked or ' +
    'removed twice.',
  examples: {
    bad: [
      {
        title: 'Set up before the transition, taken down only when it had completed',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	return register_reboot_notifier(&reboot_notifier); //~
}

static void clean_up(struct klp_object *obj)
{
	unregister_reboot_notifier(&reboot_notifier);
}`,
          objs: OBJS.replace('.post_unpatch', '.pre_unpatch'),
        }),
      },
      {
        title: 'Set up after the transition, taken down even when there was none',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: `${FUNCTION}

static void start(struct klp_object *obj)
{
	register_reboot_notifier(&reboot_notifier); //~
}

static void clean_up(struct klp_object *obj)
{
	unregister_reboot_notifier(&reboot_notifier);
}`,
          objs: OBJS.replace('.pre_patch = prepare', '.post_patch = start'),
        }),
      },
    ],
    good: [
      {
        title: 'pre_patch and post_unpatch',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	return register_reboot_notifier(&reboot_notifier);
}

static void clean_up(struct klp_object *obj)
{
	unregister_reboot_notifier(&reboot_notifier);
}`,
          objs: OBJS,
        }),
      },
      {
        title: 'post_patch and pre_unpatch',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: `${FUNCTION}

static void start(struct klp_object *obj)
{
	register_reboot_notifier(&reboot_notifier);
}

static void stop(struct klp_object *obj)
{
	unregister_reboot_notifier(&reboot_notifier);
}`,
          objs: OBJS.replace('.pre_patch = prepare', '.post_patch = start').replace(
            '.post_unpatch = clean_up',
            '.pre_unpatch = stop',
          ),
        }),
      },
    ],
  },
  check(module) {
    if (!module.complete) return [];
    const seen = new Set<string>();
    return callbackUses(module).flatMap((use) => {
      const wrong = WRONG[use.callback];
      if (!wrong || Object.values(use.set).some(({ kind }) => kind === 'unknown')) return [];
      return setUps(module, use.definitions).flatMap((setUp): RuleFinding[] => {
        const place = `${setUp.call.range.file}:${setUp.call.range.start}`;
        const message = wrong(module, use, setUp);
        if (message === null || seen.has(place)) return [];
        seen.add(place);
        return [{ range: setUp.call.calleeRange, message }];
      });
    });
  },
};

type Judge = (module: LivepatchModule, use: CallbackUse, setUp: SetUp) => string | null;

const WRONG: { readonly [callback in CallbackName]?: Judge } = {
  pre_patch(module, use, setUp) {
    if (!onlyReleasedIn(module, use, 'pre_unpatch', setUp.release)) return null;
    return `pre_patch sets up ${setUp.what} with ${setUp.call.callee}(), but pre_unpatch takes it down, which does not run when enabling fails or is reversed. post_unpatch does.`;
  },
  post_patch(module, use, setUp) {
    if (!releases(module, module.functions, setUp.release)) {
      return `post_patch sets up ${setUp.what} with ${setUp.call.callee}(), and nothing takes it down. It stays when the patch is disabled.`;
    }
    // Freeing a pointer that is still NULL does no harm.
    if (setUp.memory || !onlyReleasedIn(module, use, 'post_unpatch', setUp.release)) return null;
    return `post_patch sets up ${setUp.what} with ${setUp.call.callee}(), but post_unpatch takes it down, which also runs when post_patch did not. pre_unpatch is its counterpart.`;
  },
};

/** Whether that callback of the same object takes it down and no other function of the module does. */
function onlyReleasedIn(module: LivepatchModule, use: CallbackUse, callback: CallbackName, release: RegExp): boolean {
  const value = use.set[callback];
  if (value.kind !== 'known') return false;
  const there = definitionsOf(module, value.value.name);
  if (!releases(module, there, release)) return false;
  // Helpers are reached from callbacks and exit; what else calls a release counts as a way out that we can't judge.
  const elsewhere = module.functions.filter((definition) => !there.includes(definition));
  const roots = elsewhere.filter(
    ({ name }) => !module.functions.some(({ calls }) => calls.some((c) => c.callee === name)),
  );
  return !releases(module, roots, release);
}
