import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { imagesMessage, patchOf } from './images.ts';
import { type OpenOptions, PanelHarness, type PanelPage } from './panel-page.ts';

/** What the tests do with the page, and what they read from it. */

let harness: PanelHarness;
const open: PanelPage[] = [];

/** Starts the browser for a file of tests; after each of them no page may have complained. */
export function usePanel(): void {
  beforeAll(async () => {
    harness = await PanelHarness.start();
  });
  afterAll(() => harness.stop());
  afterEach(async () => {
    for (const panel of open.splice(0)) {
      const { errors } = panel;
      await panel.close();
      expect(errors, 'errors in the page, its console or its content security policy').toEqual([]);
    }
  });
}

/** An open page that has heard nothing yet. */
export async function panelPage(options: OpenOptions = {}): Promise<PanelPage> {
  const panel = await harness.open(options);
  open.push(panel);
  await expect.poll(() => panel.said.at(0)).toEqual({ type: 'ready' });
  return panel;
}

/** A page that shows a patch of sigsuspend(), in which the web server's nginx master sleeps until the signal round. */
export async function shownPanel(options: OpenOptions = {}, image = patchOf('sigsuspend')): Promise<PanelPage> {
  const panel = await panelPage(options);
  await panel.post(imagesMessage([image]));
  await forecastShown(panel.page);
  return panel;
}

export const forecastShown = (page: Page) => page.locator('.verdict:not([aria-busy]) .spread').waitFor();
export const time = (page: Page) => page.locator('output.time').textContent();
/** The nginx master: the longest held up is the first of its group. */
export const MASTER = 'nginx:';
export const row = (page: Page, label: string) => page.locator('.timeline .row', { hasText: label }).first();

/** Clicks on a row's bar at a share of the whole width. */
export async function clickBar(page: Page, label: string, share: number): Promise<void> {
  const bars = await page.locator('canvas.bars').boundingBox();
  const name = await row(page, label).boundingBox();
  if (bars === null || name === null) throw new Error('nothing drawn');
  await page.mouse.click(bars.x + bars.width * share, name.y + name.height / 2);
}

/** The colour on a row's bar at a share of the width: red, green, blue. `below` are pixels from the row's upper edge. */
export async function colorAt(page: Page, label: string, share: number, below = 11): Promise<number[]> {
  const name = await row(page, label).boundingBox();
  const y = (name?.y ?? 0) + below;
  return page.evaluate(`{
    const canvas = document.querySelector('canvas.bars');
    const area = canvas.getBoundingClientRect();
    const scale = canvas.width / area.width;
    // A few pixels in a row, so that a pattern counts with all its colours.
    const { data } = canvas
      .getContext('2d')
      .getImageData(Math.round(canvas.width * ${share}), Math.round((${y} - area.top) * scale), 16, 1);
    [0, 1, 2].map((channel) => Math.round(data.filter((_, i) => i % 4 === channel).reduce((a, b) => a + b, 0) / 16));
  }`);
}
