import {
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type CallHierarchyPrepareParams,
  SymbolKind,
} from 'vscode-languageserver';
import {
  type CallSite,
  type FunctionDefinition,
  knownValue,
  type LivepatchModule,
} from '../../../shared/src/model/index.ts';
import type { FeatureContext } from './context.ts';

/** Calls within a livepatch module: from a replacement to the functions of the module that call it, and back. */

export async function prepareCallHierarchy(
  context: FeatureContext,
  { textDocument: { uri }, position }: CallHierarchyPrepareParams,
): Promise<CallHierarchyItem[] | null> {
  const document = context.documents.get(uri);
  const check = await context.checks.of(uri);
  if (!document || !check) return null;
  const name = functionAt(check.module, uri, document.offsetAt(position));
  if (name === null) return null;
  const items = itemsOf(context, check.module, name);
  return items.length === 0 ? null : items;
}

export async function incomingCalls(
  context: FeatureContext,
  item: CallHierarchyItem,
): Promise<CallHierarchyIncomingCall[]> {
  const module = await moduleOf(context, item);
  if (!module) return [];
  return module.functions.flatMap((caller) => {
    const from = itemOf(context, module, caller);
    const fromRanges = rangesOf(
      context,
      caller.calls.filter(({ callee }) => callee === item.name),
    );
    return from && fromRanges.length > 0 ? [{ from, fromRanges }] : [];
  });
}

export async function outgoingCalls(
  context: FeatureContext,
  item: CallHierarchyItem,
): Promise<CallHierarchyOutgoingCall[]> {
  const module = await moduleOf(context, item);
  const calls = (module?.functions ?? []).filter(({ name }) => name === item.name).flatMap((each) => each.calls);
  const callees = [...new Set(calls.map(({ callee }) => callee))];
  return callees.flatMap((callee) => {
    // What the kernel defines is for other tools to find.
    const fromRanges = rangesOf(
      context,
      calls.filter((call) => call.callee === callee),
    );
    return module ? itemsOf(context, module, callee).map((to) => ({ to, fromRanges })) : [];
  });
}

/** The function whose name stands at a place: where it is defined, called, or named in a table. */
function functionAt(module: LivepatchModule, file: string, offset: number): string | null {
  const holds = (range: { file: string; start: number; end: number }): boolean =>
    range.file === file && range.start <= offset && offset <= range.end;
  for (const definition of module.functions) {
    if (holds(definition.nameRange)) return definition.name;
    const call = holds(definition.bodyRange) && definition.calls.find(({ calleeRange }) => holds(calleeRange));
    if (call) return call.callee;
  }
  for (const func of module.funcTables.flatMap(({ entries }) => entries)) {
    const replacement = knownValue(func.newFunc);
    if (replacement && holds(func.range)) return replacement.name;
  }
  return null;
}

async function moduleOf(context: FeatureContext, { uri, data }: CallHierarchyItem): Promise<LivepatchModule | null> {
  // The document through which the module was found: the item may stand in another file of it.
  const through = typeof data === 'string' ? data : uri;
  return (await context.checks.of(through))?.module ?? null;
}

function itemsOf(context: FeatureContext, module: LivepatchModule, name: string): CallHierarchyItem[] {
  return module.functions
    .filter((definition) => definition.name === name)
    .flatMap((definition) => itemOf(context, module, definition) ?? []);
}

function itemOf(
  context: FeatureContext,
  module: LivepatchModule,
  definition: FunctionDefinition,
): CallHierarchyItem | null {
  const range = context.documents.range(definition.range);
  const selectionRange = context.documents.range(definition.nameRange);
  if (!range || !selectionRange) return null;
  const replaced = module.funcTables
    .flatMap(({ entries }) => entries)
    .find((func) => knownValue(func.newFunc)?.name === definition.name);
  const original = replaced && knownValue(replaced.oldName);
  return {
    name: definition.name,
    kind: SymbolKind.Function,
    uri: definition.nameRange.file,
    range,
    selectionRange,
    ...(original !== undefined && { detail: `replaces ${original}()` }),
    data: module.files[0]?.file,
  };
}

function rangesOf(context: FeatureContext, calls: readonly CallSite[]): CallHierarchyIncomingCall['fromRanges'] {
  return calls.flatMap(({ calleeRange }) => context.documents.range(calleeRange) ?? []);
}
