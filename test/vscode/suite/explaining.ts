import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { livepatch } from './modules.ts';
import { api, assert, assertEqual, open, placeOf, until, withSetting } from './support.ts';

async function hoverText(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents)
    .map((content) => (typeof content === 'string' ? content : content.value))
    .join('\n');
}

function lensesOf(document: vscode.TextDocument): Thenable<vscode.CodeLens[]> {
  return vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
}

/** The patch's name in the module of modules.ts. */
function patchName(document: vscode.TextDocument): vscode.Position {
  return placeOf(document, 'patch = {');
}

export const explainingJourneys: readonly Journey[] = [
  {
    name: 'the tour: the sample stalls, and is mended by replacing a function that the thread leaves',
    async run() {
      const document = await vscode.commands.executeCommand<vscode.TextDocument>('livepatch.openSample');
      const forecast = () =>
        until(
          'a lens',
          async () =>
            (await lensesOf(document)).find(({ command }) => command?.command === 'livepatch.simulateTransition')
              ?.command?.title,
        );
      assert((await forecast()).includes('Does not finish'), `The sample stalls: ${await forecast()}`);
      const place = placeOf(document, '"kswapd"');
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, new vscode.Range(place, place.translate(0, 'kswapd'.length)), 'balance_pgdat');
      await vscode.workspace.applyEdit(edit);
      await until('a transition that ends', async () => /^(?:\$\(\w+\) )?Finishes in/.test(await forecast()));
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    },
  },
  {
    name: 'hover on the patch shows the forecast with a picture',
    async run() {
      const { document } = await open('hover.c', livepatch());
      const text = await until('a hover', () => hoverText(document, patchName(document)));
      const picture = /data:image\/svg\+xml;(?:base64,([A-Za-z0-9+/=]+)|utf8,([^)\s"]+))/.exec(text);
      assert(picture, `The hover has a picture: ${text.slice(0, 300)}`);
      const svg = picture[1] ? Buffer.from(picture[1], 'base64').toString() : decodeURIComponent(picture[2] as string);
      assert(svg.startsWith('<svg') && svg.trimEnd().endsWith('</svg>'), 'The picture is a whole SVG.');
      assert(/seeds|runs/.test(text), 'The words say how many runs the forecast is made of.');
    },
  },
  {
    name: 'hover explains a function and stays away from plain C',
    async run() {
      const { document } = await open('hover_func.c', livepatch());
      const text = await until('a hover', () => hoverText(document, placeOf(document, '"version_proc_show')));
      assert(text.includes('version_proc_show'), `The hover names the function: ${text.slice(0, 300)}`);
      assertEqual(await hoverText(document, placeOf(document, 'seq_puts')), '', 'hover on plain C');
    },
  },
  {
    name: 'the lens above the patch opens the panel',
    async run() {
      const { document } = await open('lens.c', livepatch());
      const lens = await until('a lens', async () =>
        (await lensesOf(document)).find(({ command }) => command?.command === 'livepatch.simulateTransition'),
      );
      assertEqual(lens.range.start.line, patchName(document).line, 'line of the lens');
      const extension = await api();
      await vscode.commands.executeCommand(lens.command?.command as string, ...(lens.command?.arguments ?? []));
      const panel = await until('the page in the panel', () =>
        extension.panels.find(({ messages }) => messages.some(({ type }) => type === 'ready')),
      );
      assertEqual(panel.uri, document.uri.toString(), 'document of the panel');
      assertEqual(
        panel.messages.filter(({ type }) => type === 'failed'),
        [],
        'errors of the page',
      );
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await until('the panel to close', () => extension.panels.length === 0);
    },
  },
  {
    name: 'the setting for lenses takes them away',
    async run() {
      const { document } = await open('no_lens.c', livepatch());
      await until('a lens', async () => (await lensesOf(document)).length > 0);
      await withSetting('livepatch.codeLens.enabled', false, async () => {
        await until('no lens', async () => (await lensesOf(document)).length === 0);
      });
    },
  },
  {
    name: 'the outline shows patch, object and function',
    async run() {
      const { document } = await open('outline.c', livepatch());
      const symbols = await until('symbols', () =>
        vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri),
      );
      const patch = symbols.find(({ name }) => name.includes('patch'));
      const object = patch?.children.find(({ name }) => name.includes('vmlinux'));
      const func = object?.children.find(({ name }) => name.includes('version_proc_show'));
      assert(func, `patch > vmlinux > version_proc_show in ${JSON.stringify(symbols.map(({ name }) => name))}`);
    },
  },
  {
    name: 'go to definition leads from new_func to the replacement',
    async run() {
      const { document } = await open('definition.c', livepatch());
      const from = placeOf(document, 'livepatch_version_proc_show', document.getText().indexOf('.new_func'));
      const found = await until('a definition', async () => {
        const places = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
          'vscode.executeDefinitionProvider',
          document.uri,
          from,
        );
        return places[0];
      });
      const range = 'targetRange' in found ? (found.targetSelectionRange ?? found.targetRange) : found.range;
      assertEqual(range.start.line, placeOf(document, 'livepatch_version_proc_show').line, 'line of the definition');
    },
  },
  {
    name: 'completion knows the fields of klp_func',
    async run() {
      const editor = await open('completion.c', livepatch());
      const { document } = editor;
      const line = placeOf(document, '.new_func').line;
      await editor.edit((edit) => edit.insert(new vscode.Position(line + 1, 0), '\t\t.\n'));
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        new vscode.Position(line + 1, 3),
        '.',
      );
      const labels = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      assert(
        labels.some((label) => label.includes('old_sympos')),
        `old_sympos is offered: ${labels.slice(0, 20).join(', ')}`,
      );
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    },
  },
];
