import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Frame, Page } from 'playwright-core';
import { type Editor, installVsix, remoteUri, startEditor, windowUrl } from '../../scripts/lib/editor.mjs';
import { launchChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A quiet window: nothing moves that is not ours. */
export const WORKSPACE_SETTINGS = {
  'chat.disableAIFeatures': true,
  'editor.cursorBlinking': 'solid',
  'editor.minimap.enabled': false,
  'git.enabled': false,
  'task.autoDetect': 'off',
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** VS Code with a window on a folder of its own, as a user sees it. */
export interface EditorWindow {
  readonly page: Page;
  readonly folder: string;
  /** Opens a file of the folder by its name. */
  open(name: string): Promise<void>;
  /** Puts the cursor at the end of the first occurrence of a text in the active editor, in sight. */
  goTo(text: string): Promise<void>;
  /** Runs a command by its title, through the command palette. */
  run(title: string): Promise<void>;
  /** The page in a webview that shows the selector, as soon as it is there. */
  webview(selector: string): Promise<Frame>;
  /** Opens the panel by the forecast above the patch, and resolves to its page as soon as it has rows. */
  openPanel(): Promise<Frame>;
  close(): Promise<void>;
}

/** `samples` are copied into the folder. The extension is the one of this work tree, or the one in `vsix`. */
export async function openWindow(options: {
  readonly samples: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly vsix?: string;
  readonly size?: { readonly width: number; readonly height: number };
  /** Further environment variables of the editor and all that it starts. */
  readonly env?: Readonly<Record<string, string>>;
}): Promise<EditorWindow> {
  const data = mkdtempSync(join(tmpdir(), 'livepatch-window-'));
  const folder = join(data, 'livepatches');
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(
    join(folder, '.vscode', 'settings.json'),
    JSON.stringify({ ...WORKSPACE_SETTINGS, ...options.settings }),
  );
  for (const sample of options.samples) cpSync(join(root, 'samples', sample), join(folder, sample));

  let editor: Editor | undefined;
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    editor?.stop();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    if (options.vsix) await installVsix(root, { data, vsix: options.vsix });
    editor = await startEditor(root, { data, testDriver: true, ...(options.env ? { env: options.env } : {}) });
    browser = await launchChromium();
    const page = await browser.newPage({ viewport: options.size ?? { width: 1280, height: 800 } });
    page.setDefaultTimeout(30_000);
    await page.goto(
      windowUrl(
        editor.address,
        folder,
        options.vsix ? [] : [['extensionDevelopmentPath', remoteUri(editor.address, root)]],
      ),
    );
    await page.waitForSelector('.monaco-workbench .explorer-folders-view, .monaco-workbench .part.editor');
    return {
      page,
      folder,
      open: (name) => open(page, name),
      goTo: (text) => goTo(page, text),
      run: (title) => run(page, title),
      webview: (selector) => webview(page, selector, 30_000),
      openPanel: () => openPanel(page),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function quickInput(page: Page, key: string, text: string): Promise<void> {
  const input = page
    .locator('.quick-input-widget input[type=text], .quick-input-widget .quick-input-box input')
    .first();
  // The first key press can come before the window listens to keys.
  for (let tries = 0; tries < 20 && !(await input.isVisible()); tries++) {
    await page.keyboard.press(key);
    await input.waitFor({ state: 'visible', timeout: 1500 }).catch(() => {});
  }
  await input.fill(text);
}

/** By its tab or in the explorer: this VS Code has no ripgrep, so quick open finds no files. */
async function open(page: Page, name: string): Promise<void> {
  const tab = page.locator(`.tab[data-resource-name="${name}"]`).first();
  if (await tab.isVisible()) await tab.click();
  else await page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first().dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

async function goTo(page: Page, text: string): Promise<void> {
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Control+F');
  await page.locator('.find-widget textarea').first().fill(text);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowRight');
}

async function run(page: Page, title: string): Promise<void> {
  await quickInput(page, 'F1', `>${title}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** `limit` is in milliseconds. */
async function webview(page: Page, selector: string, limit: number): Promise<Frame> {
  for (let waited = 0; waited < limit; waited += 100) {
    for (const frame of page.frames()) {
      if (frame !== page.mainFrame() && (await frame.$(selector).catch(() => null))) return frame;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`No webview shows ${selector}.`);
}

async function openPanel(page: Page): Promise<Frame> {
  const lens = page.locator('.codelens-decoration a', { hasText: /finish/i }).first();
  // VS Code draws its lenses anew when one of them changes, and a click in that moment goes nowhere.
  for (let tries = 0; ; tries++) {
    await lens.click();
    try {
      return await webview(page, '#panel .timeline .row', 10_000);
    } catch (error) {
      if (tries === 2) throw error;
    }
  }
}
