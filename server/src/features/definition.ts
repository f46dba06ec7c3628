import type { DefinitionParams, Location, LocationLink } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { type KlpTable, knownValue, type LivepatchModule, type SourceRange } from '../../../shared/src/model/index.ts';
import { callbackUses } from '../analysis/element-at.ts';
import type { FeatureContext } from './context.ts';

interface Link {
  /** What was pointed at. */
  readonly from: SourceRange;
  readonly to: SourceRange;
  /** The definition as a whole. */
  readonly whole: SourceRange;
}

/**
 * From `.old_name` to the function in the kernel's source, where that is known; from `.new_func` and callbacks to the function, from `.objs`, `.funcs` and `.states` to the table, from
 * klp_enable_patch() to the patch.
 */
export async function definition(
  context: FeatureContext,
  { textDocument: { uri }, position }: DefinitionParams,
  isWanted: () => boolean,
): Promise<Location[] | LocationLink[]> {
  const document = context.documents.get(uri);
  const check = await context.checks.of(uri);
  if (!document || !check) return [];
  const offset = document.offsetAt(position);
  const links = linksOf(check.module).filter(
    ({ from }) => from.file === uri && from.start <= offset && offset <= from.end,
  );
  // A table in place holds further links: the innermost is meant.
  const least = Math.min(...links.map(({ from }) => from.end - from.start));
  const found = links
    .filter(({ from }) => from.end - from.start === least)
    .flatMap(({ from, to, whole }): LocationLink[] => {
      const [originSelectionRange, targetSelectionRange, targetRange] = [from, to, whole].map((range) =>
        context.documents.range(range),
      );
      if (!originSelectionRange || !targetSelectionRange || !targetRange) return [];
      return [{ originSelectionRange, targetUri: to.file, targetRange, targetSelectionRange }];
    });
  found.push(...(await originalLinks(context, check.module, uri, offset, isWanted)));
  if (context.client.locationLinks) return found;
  return found.map(({ targetUri, targetSelectionRange }) => ({ uri: targetUri, range: targetSelectionRange }));
}

/** Where the kernel's source defines the function that is named at an offset. */
async function originalLinks(
  context: FeatureContext,
  module: LivepatchModule,
  uri: string,
  offset: number,
  isWanted: () => boolean,
): Promise<LocationLink[]> {
  const tree = context.sourceTree();
  const named = module.funcTables
    .flatMap(({ entries }) => entries)
    .flatMap(({ oldName }) => (oldName.kind === 'known' ? [oldName] : []))
    .find(({ range }) => range.file === uri && range.start <= offset && offset <= range.end);
  const originSelectionRange = named && context.documents.range(named.range);
  if (!tree || !originSelectionRange) return [];
  return (await tree.find(named.value, isWanted)).map(({ path, text, range, nameRange }) => {
    const source = TextDocument.create(path, 'c', 0, text);
    const placed = ({ start, end }: SourceRange) => ({ start: source.positionAt(start), end: source.positionAt(end) });
    return {
      originSelectionRange,
      targetUri: URI.file(path).toString(),
      targetRange: placed(range),
      targetSelectionRange: placed(nameRange),
    };
  });
}

function linksOf(module: LivepatchModule): Link[] {
  return [...functionLinks(module), ...tableLinks(module), ...patchLinks(module)];
}

function functionLinks(module: LivepatchModule): Link[] {
  const references = [
    ...module.funcTables.flatMap((table) => table.entries).flatMap(({ newFunc }) => knownValue(newFunc) ?? []),
    ...callbackUses(module).map(({ reference }) => reference),
    ...[...module.init, ...module.exit].map((entry) => ({ name: entry.function, range: entry.functionRange })),
  ];
  return references.flatMap(({ name, range }) => {
    const defined = module.functions.filter((candidate) => candidate.name === name);
    if (defined.length > 0)
      return defined.map(({ nameRange, range: whole }) => ({ from: range, to: nameRange, whole }));
    return module.declaredFunctions
      .filter((candidate) => candidate.name === name)
      .map(({ nameRange }) => ({ from: range, to: nameRange, whole: nameRange }));
  });
}

function tableLinks(module: LivepatchModule): Link[] {
  const references = [
    ...module.patches.flatMap(({ objs, states }) => [objs, states]),
    ...module.objectTables.flatMap((table) => table.entries).map(({ funcs }) => funcs),
  ];
  return references.flatMap((reference) => {
    if (reference.kind !== 'known') return [];
    const { nameRange, declarationRange }: KlpTable<unknown> = reference.table;
    return nameRange ? [{ from: reference.range, to: nameRange, whole: declarationRange }] : [];
  });
}

function patchLinks(module: LivepatchModule): Link[] {
  const calls = module.functions.flatMap(({ calls }) => calls).filter(({ callee }) => callee === 'klp_enable_patch');
  return calls.flatMap(({ arguments: [argument] }) => {
    const patch = argument && module.patches.find(({ name }) => argument.text.replace(/^&\s*/, '') === name);
    return patch ? [{ from: argument.range, to: patch.nameRange, whole: patch.declarationRange }] : [];
  });
}
