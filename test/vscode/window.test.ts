import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EditorWindow, openWindow } from './editor-window.ts';

/**
 * What a user sees: the same VS Code, looked at from outside through its window. `npm run screenshots` sets
 * LIVEPATCH_SCREENSHOTS, and the pictures of the documentation are made on the way.
 */
const PICTURES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

describe('in the window', () => {
  let window: EditorWindow;
  /** The page of the simulation panel, once it is open. */
  let panel: Frame;

  async function screenshot(name: string): Promise<void> {
    if (!process.env.LIVEPATCH_SCREENSHOTS) return;
    mkdirSync(PICTURES, { recursive: true });
    await window.page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  beforeAll(async () => {
    window = await openWindow({ samples: ['first-look.c', 'version-banner.c'], size: { width: 1400, height: 860 } });
    await window.open('first-look.c');
    await hidePart(window, '.part.auxiliarybar', 'Control+Alt+B');
    await hidePart(window, '.part.sidebar', 'Control+B');
    await window.goTo('struct klp_patch patch');
    await window.page
      .locator('.codelens-decoration a', { hasText: /finish/i })
      .first()
      .waitFor();
  });
  afterEach(async ({ task }) => {
    const path = fileURLToPath(new URL('../../.cache/reports/window-failed.png', import.meta.url));
    if (task.result?.state === 'fail') await window.page.screenshot({ path });
  });
  afterAll(() => window?.close());

  it('underlines the mistakes and lists them as problems', async () => {
    const { page } = window;
    await page.locator('.squiggly-error').first().waitFor();
    await window.run('View: Toggle Problems');
    const problem = page.locator('.markers-panel .monaco-list-row', { hasText: 'livepatch' }).first();
    await problem.waitFor();
    expect(await problem.textContent()).toMatch(/terminat/);
    await screenshot('problems');
    await window.run('View: Toggle Problems');
    await page.locator('.markers-panel').waitFor({ state: 'hidden' });
  });

  it('shows the picture of the forecast on hover', async () => {
    const { page } = window;
    await window.goTo('struct klp_patch patch');
    await window.run('Show or Focus Hover');
    const picture = page.locator('.monaco-hover img[src^="data:image/svg+xml"]').first();
    await picture.waitFor();
    await expect.poll(() => picture.evaluate((image) => (image as unknown as Picture).naturalWidth)).toBeGreaterThan(0);
    const size = await picture.boundingBox();
    expect(size?.width).toBeGreaterThan(200);
    expect(size?.height).toBeGreaterThan(40);
    expect(await page.locator('.monaco-hover:visible').first().textContent()).toMatch(/seeds|runs/);
    await screenshot('hover');
    await page.keyboard.press('Escape');
  });

  it('opens the panel from the lens, and the panel draws the run', async () => {
    panel = await window.openPanel();
    await expect.poll(() => panel.locator('.verdict').textContent(), { timeout: 10_000 }).toMatch(/\d+ runs/);
    // Bars: several colours, and not just a background.
    await expect.poll(() => coloursOf(panel, 'canvas.bars'), { timeout: 10_000 }).toBeGreaterThan(2);
  });

  it('plays and stops', async () => {
    const time = () => panel.locator('output.time').textContent();
    await panel.getByRole('button', { name: 'Back to the start' }).click();
    const start = await time();
    await panel.getByRole('button', { name: 'Play', exact: true }).click();
    await expect.poll(time, { timeout: 10_000 }).not.toBe(start);
    const pause = panel.getByRole('button', { name: 'Pause', exact: true });
    await pause.click();
    const stopped = await time();
    await window.page.waitForTimeout(300);
    expect(await time()).toBe(stopped);
  });

  it('leads from a blocked task to its stack and on to the source', async () => {
    const { page } = window;
    await panel.locator('.row.task.blocked').first().click();
    await panel.locator('.task .stack .blocks').first().waitFor();
    await screenshot('panel');
    await panel.locator('.task .stack button.link').first().click();
    await expect
      .poll(() =>
        page
          .locator('.statusbar-item', { hasText: /Ln \d+/ })
          .first()
          .textContent(),
      )
      .not.toMatch(/Ln 1,/);
  });

  it('repairs the file with a quick fix, and the panel follows', async () => {
    const { page } = window;
    await window.open('first-look.c');
    const before = await page.locator('.squiggly-error').count();
    expect(before).toBeGreaterThan(0);
    await window.run('Go to Next Problem in Files');
    await page.keyboard.press('Escape');
    // The panel has to assume something about the table that is open at its end.
    const verdict = () => panel.locator('.verdict').textContent();
    expect(await verdict()).toContain('no terminating entry');
    await page.keyboard.press('Control+.');
    const fix = page.locator('.action-widget .monaco-list-row', { hasText: 'Add the empty entry' });
    await fix.waitFor();
    await screenshot('quick-fix');
    await page.keyboard.press('Enter');
    await fix.waitFor({ state: 'hidden' });
    await expect.poll(() => page.locator('.squiggly-error').count(), { timeout: 10_000 }).toBeLessThan(before);
    await expect.poll(verdict, { timeout: 10_000 }).not.toContain('no terminating entry');
    expect(await verdict()).toMatch(/\d+ runs/);
  });

  it('shows every run, and policies on top of the workspace’s other livepatches, a click from the panel', async () => {
    await panel.getByRole('button', { name: 'Every run' }).first().click();
    await panel.locator('.distribution .run').first().waitFor();
    expect(await panel.locator('.holder-list > li').count()).toBeGreaterThan(0);
    await panel.getByRole('button', { name: 'Compare policies' }).click();
    await panel.getByRole('checkbox', { name: 'version_banner' }).check();
    const heading = panel.locator('.policies:not([aria-busy]) h2');
    await expect.poll(() => heading.textContent(), { timeout: 20_000 }).toContain('version_banner');
    expect(await panel.locator('.policies .version-lane').count()).toBeGreaterThan(0);
    await panel.getByRole('button', { name: 'Compare policies' }).click();
    await panel.locator('.timeline .row').first().waitFor();
  });
});

/** Hides a side bar, to have more of what is looked at. */
async function hidePart(window: EditorWindow, part: string, key: string): Promise<void> {
  const bar = window.page.locator(part);
  // It may come a little after the editor, or not at all.
  await bar.waitFor({ state: 'visible', timeout: 3000 }).catch(() => {});
  if (!(await bar.isVisible())) return;
  await window.page.keyboard.press(key);
  await bar.waitFor({ state: 'hidden' });
}

/** What is used of the page's own types: this program does not know those of browsers. */
interface Picture {
  readonly naturalWidth: number;
}
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
  };
}

/** How many different colours a canvas shows. */
function coloursOf(frame: Frame, selector: string): Promise<number> {
  return frame.locator(selector).evaluate((element) => {
    const canvas = element as unknown as Canvas;
    if (canvas.width === 0 || canvas.height === 0) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<string>();
    for (let at = 0; at < data.length; at += 4) {
      if ((data[at + 3] as number) > 0) colours.add(data.slice(at, at + 3).join());
    }
    return colours.size;
  });
}
