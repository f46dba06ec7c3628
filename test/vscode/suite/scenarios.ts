import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { livepatch } from './modules.ts';
import { api, assertEqual, until } from './support.ts';

/** A scenario that loads the module of modules.ts and expects `line` in the log. */
const scenario = (line: string): string => `{
  "title": "Loads", // once
  "kernels": ["6.12"],
  "modules": { "version": "version.c" },
  "steps": [
    { "load": "version" },
    { "wait": "transition" },
    { "expect": { "log": ["${line}"] } }
  ]
}
`;

export const scenarioJourneys: readonly Journey[] = [
  {
    name: 'the view of livepatches lists the modules of the folder and their conflicts',
    async run() {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
      const names = ['tree_one.c', 'tree_two.c'];
      for (const name of names) writeFileSync(join(folder, name), livepatch());
      const { server, modules } = await api();
      try {
        await vscode.window.showTextDocument(vscode.Uri.file(join(folder, 'tree_one.c')));
        await until('the server', () => server.state === 'running');
        await vscode.commands.executeCommand('livepatch.modules.focus');
        await until('both modules', () => ['tree_one', 'tree_two'].every((name) => modules().includes(name)));
        assertEqual(modules()[0], 'Conflicts', 'what comes first');
      } finally {
        for (const name of names) rmSync(join(folder, name));
      }
    },
  },
  {
    name: 'the test explorer plays scenarios: one that passes, one that fails, one with a mistake',
    async run() {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
      const files = {
        'version.c': livepatch(),
        'good.klpsim.json': scenario('patching complete'),
        'bad.klpsim.json': scenario('never printed'),
        'broken.klpsim.json': '{ "title": "No steps" }',
      };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const { scenarios } = await api();
      try {
        await vscode.commands.executeCommand('testing.refreshTests');
        await vscode.commands.executeCommand('testing.runAll');
        const outcome = (name: string) =>
          until(`the outcome of ${name}`, () =>
            scenarios.get(vscode.Uri.file(join(folder, `${name}.klpsim.json`)).toString()),
          );
        assertEqual(await outcome('good'), { state: 'passed', messages: [] }, 'the good one');
        assertEqual(
          await outcome('bad'),
          { state: 'failed', messages: ['Linux 6.12: No such line is in the log.'] },
          'the bad one',
        );
        assertEqual((await outcome('broken')).state, 'errored', 'the broken one');
        await vscode.commands.executeCommand('testing.debugAll');
        await until('the panel with the run that failed', async () =>
          (await api()).panels.find(
            ({ title, messages }) =>
              title.startsWith('Livepatch: bad on Linux 6.12: No such line') &&
              messages.some(({ type }) => type === 'drawn'),
          ),
        );
      } finally {
        for (const name of Object.keys(files)) rmSync(join(folder, name));
      }
    },
  },
];
