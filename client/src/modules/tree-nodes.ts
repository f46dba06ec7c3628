import type { ClientLocation, WorkspaceResult } from '../../../shared/src/protocol.ts';

/** A line of the tree. Plain data: what is shown is computed from the server's answer alone. */
export interface TreeNode {
  readonly label: string;
  readonly description?: string;
  /** Shown on hover, and told by screen readers. */
  readonly tooltip?: string;
  readonly icon: string;
  readonly location?: ClientLocation;
  readonly children: readonly TreeNode[];
  readonly expanded?: boolean;
}

/** What the tree shows of a workspace: conflicts first, then each module with what it replaces. */
export function treeOf({ modules, conflicts, note }: WorkspaceResult): TreeNode[] {
  const nodes: TreeNode[] = [];
  if (note !== null) nodes.push({ label: note, icon: 'info', children: [] });
  if (conflicts.length > 0) {
    nodes.push({
      label: 'Conflicts',
      description: String(conflicts.length),
      icon: 'warning',
      expanded: true,
      children: conflicts.map(({ rule, message, kernel, places }) => ({
        label: message,
        tooltip: `${message}\n\n${kernel} (${rule})`,
        icon: 'warning',
        children: places.map(({ module, location }) => ({
          label: module,
          description: fileName(location),
          icon: 'go-to-file',
          location,
          children: [],
        })),
      })),
    });
  }
  for (const module of modules) {
    const [only] = module.patches;
    nodes.push({
      label: module.name,
      ...(only && { description: replaceText(only.replace), location: only.location }),
      icon: 'package',
      children: module.patches.flatMap((patch) => {
        const objects = patch.objects.map(objectNode);
        if (module.patches.length === 1) return objects;
        const description = replaceText(patch.replace);
        return [{ label: patch.name, description, icon: 'symbol-struct', location: patch.location, children: objects }];
      }),
    });
  }
  return nodes;
}

function objectNode({
  name,
  location,
  functions,
}: WorkspaceResult['modules'][number]['patches'][number]['objects'][number]): TreeNode {
  return {
    label: name ?? 'unknown object',
    description: functions.length === 1 ? '1 function' : `${functions.length} functions`,
    icon: 'symbol-module',
    location,
    children: functions.map((each) => ({
      label: each.name ?? 'unknown function',
      ...(each.replacement !== null && { description: `→ ${each.replacement}` }),
      icon: 'symbol-function',
      location: each.location,
      children: [],
    })),
  };
}

const replaceText = (replace: boolean | null): string =>
  replace === null ? 'may replace all others' : replace ? 'replaces all others' : '';

const fileName = ({ uri, range }: ClientLocation): string =>
  `${decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1))}:${range.start.line + 1}`;
