import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { runCommandLine } from '../scenarios/command-line.ts';

const PANEL_TYPE = 'livepatch.fleet';
/** Workspace state: the recordings that were taken last. */
const LAST_FLEET = 'livepatch.fleet';
const MOST_OFFERED = 20;

type Outcome = 'shown' | 'cancelled' | 'failed';

/** What forecasting on many machines takes from the extension. */
export interface FleetHost {
  /** Path of the bundled command line. */
  readonly commandLine: string;
  readonly log: vscode.LogOutputChannel;
  readonly state: vscode.Memento;
}

/**
 * Forecasts a module's patch on recordings of many machines, as `livepatch-ls simulate --fleet` does and by it, and shows
 * the report. The module is saved first: the command line reads files. `fleet` is a folder of recordings or a file with
 * one on each line; asked for when absent.
 */
export async function forecastFleet(module: vscode.Uri, fleet: string | undefined, host: FleetHost): Promise<Outcome> {
  if (module.scheme !== 'file') {
    void vscode.window.showInformationMessage(
      'Save the livepatch to a file first: the forecast on many machines reads it.',
    );
    return 'failed';
  }
  const recordings = fleet ?? (await askForRecordings(host.state));
  if (recordings === undefined) return 'cancelled';
  await vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === module.toString())?.save();
  void host.state.update(LAST_FLEET, recordings);
  const title = `${basename(module.fsPath)} on ${basename(recordings)}`;
  const args = ['simulate', '--fleet', recordings, '--format', 'html', module.fsPath];
  host.log.debug(`livepatch-ls ${args.join(' ')}`);
  const { result, cancelled } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Forecasting ${title}`, cancellable: true },
    async (_progress, token) => {
      const done = await runCommandLine(host.commandLine, args, dirname(module.fsPath), () => {}, token);
      return { result: done, cancelled: token.isCancellationRequested };
    },
  );
  if (cancelled) return 'cancelled';
  if (!result.out.startsWith('<!DOCTYPE html>')) {
    host.log.warn(`Forecasting on many machines ended with ${result.status}: ${result.errors}`);
    const why = result.errors.trim().split('\n').at(-1) ?? '';
    void vscode.window.showErrorMessage(`There is no forecast on ${basename(recordings)}. ${why}`);
    return 'failed';
  }
  show(title, result.out);
  return 'shown';
}

/** A page without scripts; it stands for itself, so that it can be saved as it is. */
function show(title: string, html: string): void {
  const panel = vscode.window.createWebviewPanel(PANEL_TYPE, title, vscode.ViewColumn.Active, { enableScripts: false });
  panel.webview.html = html;
  void offerToSave(title, html);
}

async function offerToSave(title: string, html: string): Promise<void> {
  const save = 'Save the Report…';
  if ((await vscode.window.showInformationMessage(`Forecast of ${title}.`, save)) !== save) return;
  const target = await vscode.window.showSaveDialog({ filters: { HTML: ['html'] } });
  if (target !== undefined) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(html));
}

/** The recordings that were taken last, those that stand in the workspace, or others. */
async function askForRecordings(state: vscode.Memento): Promise<string | undefined> {
  const last = state.get<string>(LAST_FLEET);
  const found = await vscode.workspace.findFiles('**/*.jsonl', '**/node_modules/**', MOST_OFFERED);
  const paths = new Set([...(last === undefined ? [] : [last]), ...found.map(({ fsPath }) => fsPath)]);
  const others = [
    { label: '$(folder) A folder of recordings…', folder: true },
    { label: '$(file) A file with a recording on each line…', folder: false },
  ];
  const items = [...[...paths].map((path) => ({ label: basename(path), description: dirname(path), path })), ...others];
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { path?: string; folder?: boolean }>(items, {
    title: 'Recordings of the machines',
    placeHolder: 'Made by livepatch-ls capture',
  });
  if (picked === undefined || picked.path !== undefined) return picked?.path;
  const folder = picked.folder === true;
  const [chosen] = (await vscode.window.showOpenDialog({ canSelectFolders: folder, canSelectFiles: !folder })) ?? [];
  return chosen?.fsPath;
}
