import * as vscode from 'vscode';
import { SIMULATE_COMMAND, VERIFY_COMMAND } from '../../shared/src/protocol.ts';
import type { ExtensionApi } from './api.ts';
import { showDebugInformation } from './commands/debug-information.ts';
import { forecastFleet } from './commands/forecast-fleet.ts';
import { newModule } from './commands/new-module.ts';
import { openSample } from './commands/open-sample.ts';
import { KernelDiffs } from './kernel-diffs.ts';
import { LivepatchDocuments } from './livepatch-documents.ts';
import { ModuleTree } from './modules/module-tree.ts';
import type { PanelPart } from './panel/simulation-panel.ts';
import { PANEL_TYPE, SimulationPanels } from './panel/simulation-panels.ts';
import { ScenarioTests } from './scenarios/scenario-tests.ts';
import { ServerHost } from './server-host.ts';
import { createStatusItem } from './status-item.ts';

let server: ServerHost | undefined;

/** Runs for every window with a C file or a diff: looks for livepatch in what is open, and starts nothing without it. */
export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const version = String(context.extension.packageJSON.version);
  const log = vscode.window.createOutputChannel('Kernel Livepatch', { log: true });
  log.info(`Extension ${version}, VS Code ${vscode.version}, Node ${process.version}`);

  const documents = new LivepatchDocuments();
  const diffs = new KernelDiffs();
  const served = { hasUri: (uri: string) => documents.hasUri(uri) || diffs.hasUri(uri) };
  const host = new ServerHost(context.asAbsolutePath('dist/server.js'), served, log);
  server = host;
  const panels = new SimulationPanels(context.extensionUri, host, documents, log, context.workspaceState);

  const modules = new ModuleTree(host, log);
  const commandLine = context.asAbsolutePath('dist/cli.js');
  const scenarios = new ScenarioTests(commandLine, panels, log);

  const api: ExtensionApi = {
    version,
    modules: () => modules.labels,
    scenarios: scenarios.outcomes,
    get server() {
      return {
        state: host.state,
        pid: host.pid,
        restarts: host.restarts,
        problem: host.problem,
        status: host.status,
      };
    },
    get documents() {
      return documents.uris;
    },
    get panels() {
      return [...panels.panels].map(({ uri, title, messages }) => ({ uri, title, messages: [...messages] }));
    },
  };

  /** The arguments of code lens and hover, of a menu, or none. */
  const openPanel = (target: unknown, patch: unknown, part: PanelPart): void =>
    withDocument(target, (uri) => panels.open(uri, typeof patch === 'string' ? patch : null, part));

  /** The document that a command is for. */
  const withDocument = <T>(target: unknown, work: (uri: vscode.Uri) => T): T | undefined => {
    const uri =
      typeof target === 'string'
        ? vscode.Uri.parse(target, true)
        : target instanceof vscode.Uri
          ? target
          : vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined || !documents.hasUri(uri.toString())) {
      void vscode.window.showInformationMessage('Open a C file that uses livepatch first.');
      return undefined;
    }
    return work(uri);
  };

  context.subscriptions.push(
    log,
    documents,
    diffs,
    panels,
    createStatusItem(host, documents),
    scenarios,
    modules,
    documents.onDidAdd((document) => host.add(document)),
    diffs.onDidAdd((document) => host.add(document)),
    vscode.window.registerWebviewPanelSerializer(PANEL_TYPE, panels),
    vscode.commands.registerCommand(SIMULATE_COMMAND, (target, patch) => openPanel(target, patch, 'timeline')),
    vscode.commands.registerCommand('livepatch.showKernelLog', (target, patch) => openPanel(target, patch, 'log')),
    vscode.commands.registerCommand(VERIFY_COMMAND, (target) => withDocument(target, (uri) => panels.verify(uri))),
    vscode.commands.registerCommand('livepatch.forecastFleet', (target, fleet) =>
      withDocument(target, (uri) => {
        const recordings = typeof fleet === 'string' ? fleet : undefined;
        return forecastFleet(uri, recordings, { commandLine, log, state: context.workspaceState });
      }),
    ),
    vscode.commands.registerCommand('livepatch.openSample', () => openSample(context.extensionUri)),
    vscode.commands.registerCommand('livepatch.newModule', () => newModule()),
    vscode.commands.registerCommand('livepatch.refreshModules', () => modules.refresh()),
    vscode.commands.registerCommand('livepatch.restartServer', () => host.restart()),
    vscode.commands.registerCommand('livepatch.showOutput', () => log.show()),
    vscode.commands.registerCommand('livepatch.showDebugInformation', () => showDebugInformation(api)),
    vscode.commands.registerCommand('livepatch.openSettings', () =>
      vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${context.extension.id}`),
    ),
    vscode.commands.registerCommand('livepatch.showActions', () => showActions()),
  );
  // Last, because they report the documents that are open already.
  documents.watch();
  diffs.watch();
  return api;
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

const ACTIONS: readonly (vscode.QuickPickItem & { readonly command: string })[] = [
  { label: '$(play) Simulate Transition', command: SIMULATE_COMMAND },
  { label: '$(vm-running) Verify on a Real Kernel', command: VERIFY_COMMAND },
  { label: '$(server) Forecast on Many Machines…', command: 'livepatch.forecastFleet' },
  { label: '$(list-flat) Show Kernel Log', command: 'livepatch.showKernelLog' },
  { label: '$(gear) Settings', command: 'livepatch.openSettings' },
  { label: '$(refresh) Restart Server', command: 'livepatch.restartServer' },
  { label: '$(output) Show Output', command: 'livepatch.showOutput' },
  { label: '$(info) Show Debug Information', command: 'livepatch.showDebugInformation' },
];

async function showActions(): Promise<void> {
  const action = await vscode.window.showQuickPick(ACTIONS, { title: 'Kernel Livepatch' });
  if (action !== undefined) await vscode.commands.executeCommand(action.command);
}
