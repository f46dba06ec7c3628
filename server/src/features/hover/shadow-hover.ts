import { type CallSite, knownValue, type LivepatchModule, type Value } from '../../../../shared/src/model/index.ts';
import { code, list } from './markdown.ts';

interface ShadowCall {
  /** Place of the id among the arguments. */
  readonly id: number;
  readonly does: string;
}

/** kernel/livepatch/shadow.c. */
const SHADOW_CALLS: { readonly [callee: string]: ShadowCall } = {
  klp_shadow_get: {
    id: 1,
    does: 'Returns the data attached to the object under this id, or NULL. It may be called anywhere; the pointer is good as long as nobody frees the data.',
  },
  klp_shadow_alloc: {
    id: 1,
    does: 'Allocates zeroed memory, runs the constructor and attaches it. Returns NULL when memory is short, when the constructor fails, and, with a WARNING, when the object already has data under this id.',
  },
  klp_shadow_get_or_alloc: {
    id: 1,
    does: 'Returns the data attached under this id, or allocates and attaches it. The constructor runs only for new data; the size of data found is not compared.',
  },
  klp_shadow_free: {
    id: 1,
    does: 'Detaches and frees the data of this one object; silent when there is none. The memory goes after an RCU grace period.',
  },
  klp_shadow_free_all: {
    id: 0,
    does: 'Detaches and frees the data of every object under this id, with interrupts off. Its place is post_unpatch, when no task can run the new functions any more.',
  },
};

const STATE_CALLS: { readonly [callee: string]: string } = {
  klp_get_state: 'Returns the entry of `.states` with this id, or NULL. It may be called at any time.',
  klp_get_prev_state:
    'Returns the state that an installed livepatch has under this id, or NULL. It works only during a transition: in callbacks for a target module that comes or goes at another time it warns once and returns NULL.',
};

const CORE_CALLS: { readonly [callee: string]: string } = {
  klp_enable_patch:
    'Resolves every symbol, calls pre_patch, redirects the functions and starts the transition; it returns while the transition goes on. Its result must be the result of module init. It may be called only once, from module init.',
};

/** A klp_* call: what it does, and what it does to this module's data. Null for calls that nothing is known of. */
export function callHover(module: LivepatchModule, call: CallSite): string | null {
  const shadow = own(SHADOW_CALLS, call.callee);
  if (shadow) return shadowHover(module, call, shadow);
  const text = own(STATE_CALLS, call.callee) ?? own(CORE_CALLS, call.callee);
  return text === undefined ? null : `**${code(`${call.callee}()`)}**\n\n${text}`;
}

function shadowHover(module: LivepatchModule, call: CallSite, { id: place, does }: ShadowCall): string {
  const parts = [`**${code(`${call.callee}()`)}**`];
  const id = call.arguments[place];
  if (id) {
    const others = shadowCalls(module).filter(
      (other) => other.call !== call && other.id !== null && sameId(other, { id: id.constant, text: id.text }),
    );
    const where = others.map(({ call: { callee }, name }) => `${code(callee)} in ${code(`${name}()`)}`);
    const idText = `${code(id.text)}${id.constant.kind === 'known' && id.text !== String(id.constant.value) ? ` (${id.constant.value})` : ''}`;
    parts.push(
      where.length === 0
        ? `Here: id ${idText}, which nothing else in this module uses.`
        : `Here: id ${idText}, also used by ${list([...new Set(where)])}.`,
    );
  }
  parts.push(does);
  const ctor = call.arguments[4]?.text;
  if (/alloc$/.test(call.callee) && ctor !== undefined && ctor !== 'NULL') {
    parts.push(
      `${code(ctor)} runs under a spinlock with interrupts off: it must not sleep, and must not allocate with GFP_KERNEL.`,
    );
  }
  parts.push(
    'Ids are shared by all livepatches. The data survives the module: what is not freed is found by the next one that uses the id.',
  );
  return parts.join('\n\n');
}

interface FoundCall {
  readonly call: CallSite;
  /** The function that it stands in. */
  readonly name: string;
  readonly id: Value<number> | null;
  readonly text: string;
}

function shadowCalls(module: LivepatchModule): FoundCall[] {
  return module.functions.flatMap((definition) =>
    definition.calls.flatMap((call) => {
      const shadow = own(SHADOW_CALLS, call.callee);
      const id = shadow && call.arguments[shadow.id];
      return shadow ? [{ call, name: definition.name, id: id?.constant ?? null, text: id?.text ?? '' }] : [];
    }),
  );
}

/** By value when both are known, else by what is written. */
function sameId(a: { id: Value<number> | null; text: string }, b: { id: Value<number>; text: string }): boolean {
  if (a.id?.kind === 'known' && b.id.kind === 'known') return a.id.value === b.id.value;
  return a.text === b.text;
}

/** The ids under which this module attaches data, as written. */
export function shadowIdsOf(module: LivepatchModule): string[] {
  const ids = shadowCalls(module)
    .filter(({ call, text }) => /alloc$/.test(call.callee) && text !== '')
    .map(({ id, text }) => (id && knownValue(id) !== undefined && /^\d/.test(text) ? String(knownValue(id)) : text));
  return [...new Set(ids)];
}

function own<T>(table: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
