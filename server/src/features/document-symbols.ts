import { type DocumentSymbol, type SymbolInformation, SymbolKind } from 'vscode-languageserver';
import {
  CALLBACK_NAMES,
  type KlpFunc,
  type KlpObject,
  type KlpPatch,
  type KlpTable,
  knownValue,
  type SourceRange,
} from '../../../shared/src/model/index.ts';
import type { FeatureContext } from './context.ts';

/**
 * The outline: patch > object > function. A patch and its tables stand in different places of the file, and LSP wants each
 * range inside its parent's, so a parent's range spans from its own text over that of its children.
 */
export async function documentSymbols(
  context: FeatureContext,
  uri: string,
): Promise<DocumentSymbol[] | SymbolInformation[]> {
  const check = await context.checks.of(uri);
  if (!check) return [];
  const outline = new Outline(context, uri);
  const inPatches = new Set<KlpTable<KlpObject>>();
  const symbols = check.module.patches.flatMap((patch) => {
    if (patch.objs.kind === 'known') inPatches.add(patch.objs.table);
    return outline.patch(patch);
  });
  for (const table of check.module.objectTables) {
    if (!inPatches.has(table)) symbols.push(...table.entries.flatMap((object) => outline.object(object)));
  }
  return context.client.nestedSymbols ? symbols : flat(symbols, uri);
}

class Outline {
  private readonly context: FeatureContext;
  private readonly uri: string;

  constructor(context: FeatureContext, uri: string) {
    this.context = context;
    this.uri = uri;
  }

  patch(patch: KlpPatch): DocumentSymbol[] {
    const objects = patch.objs.kind === 'known' ? patch.objs.table.entries : [];
    const children = objects.flatMap((object) => this.object(object));
    const detail = knownValue(patch.replace) === true ? 'klp_patch, replaces all others' : 'klp_patch';
    return this.symbol(patch.name, detail, SymbolKind.Struct, patch.declarationRange, patch.nameRange, children);
  }

  object(object: KlpObject): DocumentSymbol[] {
    if (object.terminator) return [];
    const funcs = object.funcs.kind === 'known' ? object.funcs.table.entries : [];
    const children = funcs.flatMap((func) => this.func(func));
    for (const name of CALLBACK_NAMES) {
      const callback = knownValue(object.callbacks[name]);
      if (callback) {
        children.push(...this.symbol(callback.name, name, SymbolKind.Event, callback.range, callback.range, []));
      }
    }
    const name = object.name.kind === 'unknown' ? 'unknown' : (knownValue(object.name) ?? 'vmlinux');
    return this.symbol(name || '""', 'klp_object', SymbolKind.Module, object.range, object.range, children);
  }

  private func(func: KlpFunc): DocumentSymbol[] {
    if (func.terminator) return [];
    const name = knownValue(func.oldName) || 'unknown';
    const replacement = knownValue(func.newFunc)?.name;
    const detail = replacement === undefined ? '' : `→ ${replacement}`;
    return this.symbol(name, detail, SymbolKind.Function, func.range, func.range, []);
  }

  private symbol(
    name: string,
    detail: string,
    kind: SymbolKind,
    whole: SourceRange,
    selection: SourceRange,
    children: DocumentSymbol[],
  ): DocumentSymbol[] {
    const selectionRange = this.context.documents.range(selection);
    const own = this.context.documents.range(whole);
    if (whole.file !== this.uri || !own || !selectionRange) return children;
    let { start, end } = own;
    for (const { range } of children) {
      if (isBefore(range.start, start)) start = range.start;
      if (isBefore(end, range.end)) end = range.end;
    }
    return [{ name, detail, kind, range: { start, end }, selectionRange, children }];
  }
}

interface Place {
  readonly line: number;
  readonly character: number;
}

function isBefore(a: Place, b: Place): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

/** For clients that know lists only. */
function flat(symbols: readonly DocumentSymbol[], uri: string, containerName = ''): SymbolInformation[] {
  return symbols.flatMap(({ name, kind, selectionRange, children }) => [
    { name, kind, location: { uri, range: selectionRange }, containerName },
    ...flat(children ?? [], uri, name),
  ]);
}
