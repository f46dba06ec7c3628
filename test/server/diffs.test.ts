import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DiagnosticSeverity, type Hover, type MarkupContent } from 'vscode-languageserver/node';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, type EditorOptions } from './support/editor.ts';

// Diffs in the editor: klp-build or kpatch-build may make a livepatch of those that change nothing but the kernel.

let bundle: Bundle;
let editor: Editor;

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
afterEach(() => editor.stop());

const start = async (options: EditorOptions = {}): Promise<void> => {
  editor = await Editor.start(bundle.server, options);
};

const MEMBER = '+	int waiting;';
const KERNEL_DIFF = `A fix.

--- a/fs/work.c
+++ b/fs/work.c
@@ -10,3 +10,4 @@ struct work {
 	int users;
${MEMBER}
 	struct list_head entry;
 };
`;
const OTHER_DIFF = KERNEL_DIFF.replaceAll('fs/work.c', 'src/work.c');
const URI = 'file:///somewhere/fix.patch';
const rules = async (uri: string) => (await editor.diagnostics(uri)).map(({ code }) => code);

it('get findings on their lines, with a link, and a hover that says what the tools do', async () => {
  await start({
    capabilities: {
      textDocument: { publishDiagnostics: { codeDescriptionSupport: true }, hover: { contentFormat: ['markdown'] } },
    },
  });
  await editor.open(URI, KERNEL_DIFF, 'diff');
  const [finding, ...more] = await editor.diagnostics(URI);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    code: 'diff-structure-members',
    severity: DiagnosticSeverity.Warning,
    source: 'livepatch',
    range: { start: { line: 6, character: 2 }, end: { line: 6, character: MEMBER.length } },
  });
  expect(finding?.codeDescription?.href).toMatch(/docs\/diffs\.md$/);
  const hover = (line: number) =>
    editor.request<Hover | null>('textDocument/hover', URI, { position: { line, character: 4 } });
  const shown = await hover(6);
  expect(shown?.range).toEqual(finding?.range);
  const text = (shown?.contents as MarkupContent | undefined)?.value;
  expect(text).toContain('shadow variable');
  expect(text).toContain('[diff-structure-members](https:');
  expect(await hover(5)).toBeNull();
});

it('get others while somebody edits them, and none any more when they are closed', async () => {
  await start();
  await editor.open(URI, KERNEL_DIFF, 'diff');
  expect(await rules(URI)).toEqual(['diff-structure-members']);
  await editor.replace(URI, MEMBER, ' 	int waiting;');
  expect(await rules(URI)).toEqual([]);
  await editor.replace(URI, ' 	int waiting;', MEMBER);
  expect(await rules(URI)).toEqual(['diff-structure-members']);
  await editor.close(URI);
  await editor.until(() => editor.published.at(-1)?.diagnostics.length === 0);
});

it('are known by their names, too, whatever the editor calls their language', async () => {
  await start();
  await editor.open(URI, KERNEL_DIFF, 'plaintext');
  expect(await rules(URI)).toEqual(['diff-structure-members']);
});

it('of something else get nothing', async () => {
  await start();
  const other = 'file:///somewhere/other.diff';
  await editor.open(other, OTHER_DIFF, 'diff');
  await editor.open(URI, KERNEL_DIFF, 'diff');
  await editor.diagnostics(URI);
  expect(editor.published.map(({ uri }) => uri)).not.toContain(other);
});

it('get the severities that the settings say, and nothing when they are switched off', async () => {
  await start({
    initializationOptions: { settings: { rules: { 'diff-structure-members': 'information' } } },
  });
  await editor.open(URI, KERNEL_DIFF, 'diff');
  expect(await editor.diagnostics(URI)).toMatchObject([{ severity: DiagnosticSeverity.Information }]);
  await editor.connection.sendNotification('workspace/didChangeConfiguration', {
    settings: { livepatch: { diffs: { enabled: false } } },
  });
  await editor.until(() => editor.published.at(-1)?.diagnostics.length === 0);
});
