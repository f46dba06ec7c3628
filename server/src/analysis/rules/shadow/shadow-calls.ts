import type { Argument, CallSite, FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { perModule } from '../per-module.ts';
import { calledNames, definitionsOf, reachable } from '../queries.ts';

export type ShadowOperation = 'get' | 'alloc' | 'get_or_alloc' | 'free' | 'free_all';

/** A call of the shadow variable API. */
export interface ShadowCall {
  readonly operation: ShadowOperation;
  readonly call: CallSite;
  readonly inFunction: FunctionDefinition;
  /** The parent object; null for klp_shadow_free_all(). */
  readonly parent: Argument | null;
  readonly id: Argument;
  /** These three only where data may be allocated, in the form that the API has since 4.17. */
  readonly size: Argument | null;
  readonly gfp: Argument | null;
  /** Constructor or destructor, null when there is none or NULL. */
  readonly hook: Argument | null;
}

const SHADOW = /^klp_shadow_(get|alloc|get_or_alloc|free|free_all)$/;

/** All calls of the shadow variable API, in source order. */
export const shadowCalls = perModule((module): readonly ShadowCall[] =>
  calledNames(module).some((name) => SHADOW.test(name))
    ? module.functions.flatMap((inFunction) =>
        inFunction.calls.flatMap((call): ShadowCall[] => {
          const operation = SHADOW.exec(call.callee)?.[1];
          if (operation === undefined) return [];
          const read = readArguments(operation as ShadowOperation, call.arguments);
          return read ? [{ operation: operation as ShadowOperation, call, inFunction, ...read }] : [];
        }),
      )
    : [],
);

type Arguments = Pick<ShadowCall, 'parent' | 'id' | 'size' | 'gfp' | 'hook'>;

function readArguments(operation: ShadowOperation, list: readonly Argument[]): Arguments | null {
  const [first, second, third, fourth, fifth] = list;
  if (!first) return null;
  if (operation === 'free_all') return { parent: null, id: first, size: null, gfp: null, hook: notNull(second) };
  if (!second) return null;
  const pair = { parent: first, id: second };
  if (operation === 'get') return { ...pair, size: null, gfp: null, hook: null };
  if (operation === 'free') return { ...pair, size: null, gfp: null, hook: notNull(third) };
  if (list.length !== 6) return { ...pair, size: null, gfp: null, hook: null };
  return { ...pair, size: third ?? null, gfp: fourth ?? null, hook: notNull(fifth) };
}

function notNull(argument: Argument | undefined): Argument | null {
  return argument === undefined || /^(?:NULL|0)$/.test(argument.text) ? null : argument;
}

/** Whether two arguments are the same id: `maybe` when one of them can't be evaluated. */
export function sameId(a: Argument, b: Argument): 'yes' | 'no' | 'maybe' {
  if (a.constant.kind === 'known' && b.constant.kind === 'known') {
    return a.constant.value === b.constant.value ? 'yes' : 'no';
  }
  // One macro of a header twice. A variable or parameter may have changed in between.
  return a.text === b.text && /^[A-Z][A-Z0-9_]*$/.test(a.text) ? 'yes' : 'maybe';
}

export const allocates = ({ operation }: ShadowCall): boolean => operation === 'alloc' || operation === 'get_or_alloc';

/** The constructors and destructors of the module, each once, with the call that names it. */
export function shadowHooks(
  module: LivepatchModule,
): { readonly kind: 'constructor' | 'destructor'; readonly by: ShadowCall; readonly definition: FunctionDefinition }[] {
  const seen = new Set<FunctionDefinition>();
  return shadowCalls(module).flatMap((by) =>
    by.hook === null
      ? []
      : definitionsOf(module, by.hook.text.replace(/^&\s*/, '')).flatMap((definition) => {
          if (seen.has(definition)) return [];
          seen.add(definition);
          return [{ kind: allocates(by) ? ('constructor' as const) : ('destructor' as const), by, definition }];
        }),
  );
}

/** Every call in a constructor or destructor, or in a function of the module that it calls; each call once. */
export function callsInHooks(module: LivepatchModule) {
  const seen = new Set<string>();
  return shadowHooks(module).flatMap((hook) =>
    reachable(module, [hook.definition]).flatMap(({ calls }) =>
      calls.flatMap((call) => {
        const place = `${call.range.file}:${call.range.start}`;
        if (seen.has(place) || definitionsOf(module, call.callee).length > 0) return [];
        seen.add(place);
        return [{ ...hook, call }];
      }),
    ),
  );
}

/** Whether the flags let the allocator sleep: GFP_KERNEL, perhaps with more that does not forbid it. */
export function maySleep(flags: string): boolean {
  return /^\(?\s*GFP_(?:KERNEL|KERNEL_ACCOUNT|USER|NOFS|NOIO)(?:\s*\|\s*__GFP_(?:ZERO|NOWARN|ACCOUNT|NOFAIL))*\s*\)?$/.test(
    flags,
  );
}
