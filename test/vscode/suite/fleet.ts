import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { livepatch } from './modules.ts';
import { assert, assertEqual, open, until } from './support.ts';

const COMMAND = 'livepatch.forecastFleet';

export const fleetJourneys: readonly Journey[] = [
  {
    name: 'a livepatch is forecast on recordings of many machines, and the report is shown',
    async run() {
      const extension = vscode.extensions.getExtension('kernel-livepatch.kernel-livepatch');
      assert(extension, 'The extension is not there.');
      const sample = join(extension.extensionPath, 'samples', 'machines', 'compute-node.json');
      const recording = readFileSync(sample, 'utf8').replaceAll('\n', '').slice(1);
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
      const fleet = join(folder, 'fleet.jsonl');
      writeFileSync(fleet, `{"host":"one",${recording}\n{"host":"two",${recording}\n{"host":"broken"\n`);
      const { document } = await open('fleet_fix.c', livepatch());
      assertEqual(await vscode.commands.executeCommand(COMMAND, document.uri, fleet), 'shown', 'outcome');
      await until('the report', () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .some(
            ({ input, label }) =>
              input instanceof vscode.TabInputWebview &&
              input.viewType.endsWith('livepatch.fleet') &&
              label === 'fleet_fix.c on fleet.jsonl',
          ),
      );
      const nowhere = join(folder, 'nothing-here.jsonl');
      assertEqual(await vscode.commands.executeCommand(COMMAND, document.uri, nowhere), 'failed', 'without recordings');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    },
  },
];
