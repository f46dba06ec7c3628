#!/usr/bin/env node
/**
 * Stands in for the executable of desktop VS Code: @vscode/test-electron starts it with --extensionDevelopmentPath and
 * --extensionTestsPath, and it runs these tests in the extension host of a real VS Code whose window is a headless
 * browser's. The last argument without a dash is the folder to open. Exits with the test run's exit code.
 */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remoteUri, startEditor, windowUrl } from '../../scripts/lib/editor.mjs';
import { launchChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The suite reports how each of its tests went; this only bounds a window that never gets there. */
const LIMIT = 5 * 60_000;

const option = (name) =>
  process.argv
    .slice(2)
    .find((word) => word.startsWith(`--${name}=`))
    ?.slice(name.length + 3);
const extension = option('extensionDevelopmentPath');
const tests = option('extensionTestsPath');
const folder = process.argv
  .slice(2)
  .filter((word) => !word.startsWith('-'))
  .at(-1);
if (!extension || !tests || !folder) {
  console.error('Usage: browser-vscode.mjs FOLDER --extensionDevelopmentPath=DIR --extensionTestsPath=FILE');
  process.exit(2);
}

/** All that the window has to say is much: it is kept for those who look into a failure. */
const logFile = join(root, '.cache', 'logs', 'vscode-window.log');
mkdirSync(dirname(logFile), { recursive: true });
const log = createWriteStream(logFile);

const data = mkdtempSync(join(tmpdir(), 'livepatch-vscode-'));
const editor = await startEditor(root, { data, testDriver: true });
const browser = await launchChromium();
let status = 1;
try {
  const page = await browser.newPage();
  const ended = new Promise((resolve) => {
    page
      .exposeFunction('codeAutomationLog', (type, args) => log.write(`[${type}] ${args.join(' ')}\n`))
      .catch(() => {});
    page.exposeFunction('codeAutomationExit', (code) => resolve(code)).catch(() => {});
    page.on('crash', () => resolve(1));
  });
  await page.goto(
    windowUrl(editor.address, folder, [
      ['extensionDevelopmentPath', remoteUri(editor.address, extension)],
      ['extensionTestsPath', remoteUri(editor.address, tests)],
    ]),
  );
  const late = new Promise((resolve) => setTimeout(() => resolve(null), LIMIT).unref());
  const code = await Promise.race([ended, late]);
  if (code === null) console.error(`The tests did not end within ${LIMIT / 60_000} minutes.`);
  status = code ?? 1;
  if (status !== 0) console.error(`What the window said: ${logFile}`);
} finally {
  await browser.close();
  editor.stop();
  rmSync(data, { recursive: true, force: true });
}
process.exit(status);
