import type { CallbackName } from '../../../../shared/src/model/index.ts';
import type { CallbackUse } from '../../analysis/element-at.ts';
import { objectText } from './func-hover.ts';
import { bullets, code } from './markdown.ts';

interface CallbackTimes {
  readonly runs: readonly string[];
  readonly runsNot: readonly string[];
  readonly result: string;
}

/** The paths of kernel/livepatch/core.c and transition.c, seen from one callback. */
const TIMES: { readonly [name in CallbackName]: CallbackTimes } = {
  pre_patch: {
    runs: [
      'when the livepatch is loaded, before the functions of the object are redirected',
      'when the target module is loaded later and the livepatch is enabled',
    ],
    runsNot: ['when a disable is reversed: it has run already', 'as long as the target module is not loaded'],
    result:
      'Anything but 0 stops the enabling, and klp_enable_patch() returns it unchanged. It should be a negative errno: with a positive value insmod succeeds although nothing is patched. Objects before this one then get their post_unpatch, this one does not. For a target module that is loading, that module is refused.',
  },
  post_patch: {
    runs: [
      'when every task has switched to the new functions',
      'when a disable is reversed and completes: it must bear a second run without a pre_patch before it',
      'at once after pre_patch, when the target module is loaded and this livepatch is not in transition',
    ],
    runsNot: ['when the enabling is reversed', 'inside a write to `force`: it runs at the completion that follows'],
    result: 'It returns nothing and can stop nothing.',
  },
  pre_unpatch: {
    runs: [
      'when the livepatch is disabled, before the transition back begins',
      'when the target module is removed and this livepatch is not in transition',
    ],
    runsNot: [
      'when the enabling is reversed',
      'when the target module is removed in the middle of a transition',
      'when another livepatch replaces this one',
    ],
    result: 'It returns nothing and can stop nothing.',
  },
  post_unpatch: {
    runs: [
      'when no task can run the new functions any more',
      'when the enabling is reversed and completes: without a pre_unpatch before it',
      'when a later object, or the registering of functions, fails while loading',
      'when the target module is removed',
    ],
    runsNot: [
      'when pre_patch did not return 0 for this object',
      'when another livepatch replaces this one: its own callbacks run instead',
      'a second time for one pre_patch',
    ],
    result: 'It returns nothing. What pre_patch set up is taken down here, on every path but a replace.',
  },
};

/** When a callback runs and when it does not, for the objects that use it. */
export function callbackHover(uses: readonly CallbackUse[], order: readonly string[]): string {
  return uses.map((use) => oneCallback(use, order)).join('\n\n---\n\n');
}

function oneCallback({ name, reference, object }: CallbackUse, order: readonly string[]): string {
  const { runs, runsNot, result } = TIMES[name];
  const parts = [
    `**${code(`${reference.name}()`)} is ${code(name)} of ${objectText(object)}**`,
    `Runs\n${bullets(runs, runs.length)}`,
    `Does not run\n${bullets(runsNot, runsNot.length)}`,
    result,
    'It may sleep. The livepatch core holds its mutex meanwhile: no other livepatch operation and no loading or removing of modules goes on.',
  ];
  if (order.length > 0)
    parts.push(`Order when this patch is loaded here: ${order.map((step) => code(step)).join(' → ')}`);
  return parts.join('\n\n');
}
