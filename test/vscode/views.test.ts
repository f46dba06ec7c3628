import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsOfPoorContrast } from '../panel/contrast.ts';
import { type EditorWindow, openWindow, WORKSPACE_SETTINGS } from './editor-window.ts';

/**
 * Each view of the panel in the real window, in VS Code's own themes. The pictures are left in .cache/reports/views, to be
 * looked at.
 */
const PICTURES = fileURLToPath(new URL('../../.cache/reports/views/', import.meta.url));

const THEMES = [
  ['light', 'Default Light Modern', 'vscode-light'],
  ['dark', 'Default Dark Modern', 'vscode-dark'],
  ['high-contrast', 'Default High Contrast', 'vscode-high-contrast'],
] as const;

let window: EditorWindow;
let panel: Frame;

beforeAll(async () => {
  const samples = ['stalled.c', 'cumulative.c', 'version-banner.c'];
  window = await openWindow({ samples, size: { width: 1600, height: 1000 } });
  await window.open('stalled.c');
  await window.goTo('struct klp_patch patch');
  panel = await window.openPanel();
});
afterAll(() => window?.close());

describe.each(THEMES)('%s', (name, theme, kind) => {
  async function looked(view: string): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await window.page.screenshot({ path: join(PICTURES, `${view}-${name}.png`) });
    expect(await textsOfPoorContrast(panel)).toEqual([]);
  }
  const press = (button: string) => panel.getByRole('button', { name: button }).first().click();

  it('is followed by the panel', async () => {
    const settings = { ...WORKSPACE_SETTINGS, 'workbench.colorTheme': theme };
    writeFileSync(join(window.folder, '.vscode', 'settings.json'), JSON.stringify(settings));
    const kinds = () => panel.locator('body').getAttribute('class');
    await expect.poll(kinds, { timeout: 20_000 }).toContain(kind);
  });

  it('shows who is blocked, and why', async () => {
    await panel.locator('.row.task.blocked').first().click();
    await panel.locator('.task .stack .blocks').first().waitFor();
    await expect.poll(() => panel.locator('.verdict').textContent(), { timeout: 10_000 }).toContain('kswapd()');
    await looked('timeline');
  });

  it('shows the same as a table', async () => {
    await press('Table');
    const blocked = panel.locator('table tr', { hasText: 'kswapd0' });
    await blocked.first().waitFor();
    expect(await blocked.first().textContent()).toMatch(/blocked/);
    await looked('table');
    await press('Table');
  });

  it('shows every run', async () => {
    await press('Every run');
    await panel.locator('.distribution .run').first().waitFor();
    await looked('every-run');
    await press('Every run');
  });

  it('compares models', async () => {
    await press('Compare models');
    const rows = panel.locator('.comparison:not([aria-busy]) tbody tr', { hasText: 'kGraft' });
    await rows.first().waitFor({ timeout: 30_000 });
    await looked('models');
    await press('Compare models');
  });

  it('compares policies', async () => {
    await press('Compare policies');
    await panel.locator('.policies:not([aria-busy]) .version-lane').first().waitFor({ timeout: 30_000 });
    await looked('policies');
    await press('Compare policies');
    await panel.locator('.timeline .row').first().waitFor();
  });
});
