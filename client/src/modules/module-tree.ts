import * as vscode from 'vscode';
import type { ServerHost } from '../server-host.ts';
import { type TreeNode, treeOf } from './tree-nodes.ts';

export const TREE_VIEW = 'livepatch.modules';

/** After an edit; the whole workspace is looked at. Milliseconds. */
const REFRESH_DELAY = 700;

/** The view "Livepatches" beside the files. Looks at the workspace only while it is visible. */
export class ModuleTree implements vscode.Disposable, vscode.TreeDataProvider<TreeNode> {
  private readonly server: ServerHost;
  private readonly log: vscode.LogOutputChannel;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly view: vscode.TreeView<TreeNode>;
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private stale = true;
  private nodes: readonly TreeNode[] = [];
  readonly onDidChangeTreeData = this.changed.event;

  constructor(server: ServerHost, log: vscode.LogOutputChannel) {
    this.server = server;
    this.log = log;
    this.view = vscode.window.createTreeView(TREE_VIEW, { treeDataProvider: this, showCollapseAll: true });
    const watcher = vscode.workspace.createFileSystemWatcher('**/*.c');
    this.subscriptions = [
      this.view,
      this.changed,
      watcher,
      watcher.onDidChange(() => this.refreshSoon()),
      watcher.onDidCreate(() => this.refreshSoon()),
      watcher.onDidDelete(() => this.refreshSoon()),
      server.onDidChangeImages(() => this.refreshSoon()),
      server.onDidChange(() => this.refreshSoon()),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.stale) this.refresh();
      }),
    ];
  }

  /** Of the lines at the top, as last shown. */
  get labels(): string[] {
    return this.nodes.map(({ label }) => label);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  refresh(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.stale = true;
    if (this.view.visible) this.changed.fire();
  }

  private refreshSoon(): void {
    this.stale = true;
    if (this.view.visible) this.timer ??= setTimeout(() => this.refresh(), REFRESH_DELAY);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node) return [...node.children];
    try {
      const result = await this.server.workspace();
      this.stale = false;
      this.nodes = treeOf(result);
      const conflicts = result.conflicts.length;
      this.view.badge =
        conflicts === 0
          ? undefined
          : {
              value: conflicts,
              tooltip:
                conflicts === 1 ? '1 conflict between livepatches' : `${conflicts} conflicts between livepatches`,
            };
      this.view.message = this.nodes.length === 0 ? 'No livepatch module was found in this workspace.' : '';
    } catch (error) {
      this.log.warn(`Livepatches of the workspace: ${error instanceof Error ? error.message : error}`);
    }
    return [...this.nodes];
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const { children, expanded, location } = node;
    const state =
      children.length === 0
        ? vscode.TreeItemCollapsibleState.None
        : expanded
          ? vscode.TreeItemCollapsibleState.Expanded
          : vscode.TreeItemCollapsibleState.Collapsed;
    const item = new vscode.TreeItem(node.label, state);
    item.iconPath = new vscode.ThemeIcon(node.icon);
    if (node.description) item.description = node.description;
    if (node.tooltip) item.tooltip = node.tooltip;
    if (location) {
      const { start, end } = location.range;
      item.command = {
        title: 'Open',
        command: 'vscode.open',
        arguments: [
          vscode.Uri.parse(location.uri, true),
          { selection: new vscode.Range(start.line, start.character, end.line, end.character), preserveFocus: true },
        ],
      };
    }
    return item;
  }
}
