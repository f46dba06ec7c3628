import type { CallSite, FunctionDefinition, KlpPatch, LivepatchModule } from '../../../../shared/src/model/index.ts';
import { textOf } from './edits.ts';
import { perModule } from './per-module.ts';
import { callsOf, definitionsOf } from './queries.ts';

/** A call of klp_enable_patch(). */
export interface EnableCall {
  readonly call: CallSite;
  readonly inFunction: FunctionDefinition;
  /** The patch that is enabled; null when the argument is anything but `&patch`. */
  readonly patch: KlpPatch | null;
}

/** All calls of klp_enable_patch() in the module, in source order. */
export const enableCalls = perModule((module): readonly EnableCall[] =>
  callsOf(module, 'klp_enable_patch').map(({ call, inFunction }) => ({
    call,
    inFunction,
    patch: patchOf(module, call),
  })),
);

function patchOf(module: LivepatchModule, call: CallSite): KlpPatch | null {
  const name = /^&\s*\(?\s*(\w+)\s*\)?$/.exec(call.arguments[0]?.text.trim() ?? '')?.[1];
  return module.patches.find((patch) => patch.name === name) ?? null;
}

/** Whether klp_enable_patch() may be called where no call of it is seen: through a macro or a pointer. */
export const enablesOutOfSight = perModule(
  (module) =>
    module.macros.some(({ body }) => /\bklp_(enable|register)_patch\b/.test(body)) ||
    callsOf(module, 'klp_register_patch').length > 0 ||
    module.functions.some(
      ({ calls, uses }) =>
        uses.includes('klp_enable_patch') && !calls.some(({ callee }) => callee === 'klp_enable_patch'),
    ),
);

/** The functions that module init calls, directly or through others, init itself included. */
export const functionsCalledByInit = perModule((module): ReadonlySet<string> => {
  const reached = new Set<string>();
  const open = module.init.map((entry) => entry.function);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    // Of several definitions, in arms of an `#if`, the last one counts.
    for (const { callee } of definitionsOf(module, name).at(-1)?.calls ?? []) open.push(callee);
  }
  return reached;
});

/**
 * Whether `second` is reached whenever the statement of `first` is done and nothing left the function in between: both
 * stand in one block, neither under an `if`, `else`, `case` or loop of its own.
 */
export function follows(module: LivepatchModule, first: CallSite, second: CallSite): boolean {
  const text = textOf(module, first.range.file);
  if (first.range.file !== second.range.file || first.range.end > second.range.start) return false;
  const between = withoutLiterals(text.slice(first.range.end, second.range.start));
  let depth = 0;
  for (const character of between) {
    if (character === '{') depth++;
    else if (character === '}' && --depth < 0) return false;
  }
  return depth === 0 && !isGuarded(text, first) && !isGuarded(text, second);
}

/** Whether the statement of a call hangs on an `if`, `else`, label or loop without braces. */
export function isGuarded(text: string, call: CallSite): boolean {
  const before = withoutLiterals(text.slice(0, call.range.start));
  const start = Math.max(before.lastIndexOf(';'), before.lastIndexOf('{'), before.lastIndexOf('}')) + 1;
  const head = before.slice(start);
  if (/\b(?:else|case|default|for|while|do|switch)\b|\?|&&|\|\|/.test(head)) return true;
  // `if (` that is still open holds the call in its condition, which is no guard.
  const condition = /\bif\b\s*/.exec(head);
  if (!condition) return false;
  const rest = head.slice(condition.index + condition[0].length);
  return count(rest, '(') <= count(rest, ')');
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** Blanks comments and literals, so that their braces and words don't count. */
function withoutLiterals(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (piece) =>
    ' '.repeat(piece.length),
  );
}
