import { SymbolKind, type WorkspaceSymbol } from 'vscode-languageserver';
import type { FeatureContext } from './context.ts';
import { workspace } from './workspace.ts';

/** More than a list shows. */
const MOST_SYMBOLS = 500;

/** Patches, what they replace and their replacements, whose names contain the letters of the query in this order. */
export async function workspaceSymbols(
  context: FeatureContext,
  query: string,
  isWanted: () => boolean,
): Promise<WorkspaceSymbol[]> {
  const { modules } = await workspace(context, isWanted);
  const symbols: WorkspaceSymbol[] = [];
  const add = (name: string, kind: SymbolKind, location: WorkspaceSymbol['location'], containerName: string): void => {
    if (isSubsequence(query, name)) symbols.push({ name, kind, location, containerName });
  };
  for (const module of modules) {
    for (const patch of module.patches) {
      add(patch.name, SymbolKind.Struct, patch.location, module.name);
      for (const object of patch.objects) {
        if (object.name !== null && object.name !== 'vmlinux') {
          add(object.name, SymbolKind.Module, object.location, module.name);
        }
        for (const { name, replacement, location } of object.functions) {
          const container = `${module.name}, in ${object.name ?? 'an unknown object'}`;
          if (name !== null) add(name, SymbolKind.Function, location, container);
          if (replacement !== null && name === null) add(replacement, SymbolKind.Function, location, container);
        }
      }
    }
  }
  return symbols.slice(0, MOST_SYMBOLS);
}

/** As LSP asks for it: the client sorts by how well they match. */
function isSubsequence(letters: string, name: string): boolean {
  const text = name.toLowerCase();
  let from = 0;
  for (const letter of letters.toLowerCase()) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return false;
  }
  return true;
}
