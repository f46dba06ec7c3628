import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { textsOfPoorContrast } from './contrast.ts';
import { clickBar, colorAt, MASTER, shownPanel, usePanel } from './driving.ts';
import type { ThemeName } from './panel-page.ts';

usePanel();

const THEMES: readonly ThemeName[] = ['dark', 'light', 'high-contrast', 'high-contrast-light'];

describe.each(THEMES)('%s', (theme) => {
  it('has text that can be read', async () => {
    const { page } = await shownPanel({ theme });
    await clickBar(page, MASTER, 0.5);
    expect(await textsOfPoorContrast(page)).toEqual([]);
  });

  it('has text that can be read in what stands in the place of the tasks', async () => {
    const { page } = await shownPanel({ theme });
    await page.keyboard.press('r');
    await page.locator('.holder-list summary').first().click();
    await page.locator('.every summary').click();
    expect(await textsOfPoorContrast(page)).toEqual([]);
    await page.keyboard.press('p');
    await page.locator('.policies th button').first().click();
    expect(await page.locator('.policies .behind:visible').count()).toBe(1);
    expect(await textsOfPoorContrast(page)).toEqual([]);
  });

  it('has states that differ from each other and from the ground', async () => {
    const { page } = await shownPanel({ theme });
    const colors = {
      blocked: await colorAt(page, MASTER, 0.4),
      new: await colorAt(page, MASTER, 0.95),
    };
    const distance = (a: readonly number[], b: readonly number[]) =>
      Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
    expect(distance(colors.blocked, colors.new)).toBeGreaterThan(80);
    const body = await page.evaluate('getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)');
    expect(distance(colors.blocked, body as number[])).toBeGreaterThan(60);
    expect(distance(colors.new, body as number[])).toBeGreaterThan(60);
  });

  it('hatches what is blocked: it differs without colour too', async () => {
    const { page } = await shownPanel({ theme });
    expect(await shades(page, MASTER, 0.4)).toBeGreaterThan(40);
    expect(await shades(page, MASTER, 0.94)).toBeLessThan(10);
  });
});

it('follows a change of the theme', async () => {
  const { page } = await shownPanel({ theme: 'dark' });
  const before = await colorAt(page, MASTER, 0.95);
  await page.evaluate("document.body.className = 'vscode-light'");
  await expect.poll(() => colorAt(page, MASTER, 0.95)).not.toEqual(before);
});

it.each([320, 420, 700])('fits into a column of %i pixels', async (width) => {
  const { page } = await shownPanel({ width, height: 900 });
  await clickBar(page, MASTER, 0.5);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  const bars = await page.locator('canvas.bars').boundingBox();
  expect(bars?.width).toBeGreaterThan(width / 3);
  await page.locator('.stack li.blocks').scrollIntoViewIfNeeded();
  expect(await page.locator('.stack li.blocks').isVisible()).toBe(true);
});

/** How far apart the lightest and the darkest grey of a stretch of a bar are. */
async function shades(page: Page, label: string, share: number): Promise<number> {
  const name = await page.locator('.timeline .row', { hasText: label }).first().boundingBox();
  return page.evaluate(`{
    const canvas = document.querySelector('canvas.bars');
    const area = canvas.getBoundingClientRect();
    const scale = canvas.width / area.width;
    const { data } = canvas
      .getContext('2d')
      .getImageData(Math.round(canvas.width * ${share}), Math.round((${(name?.y ?? 0) + 11} - area.top) * scale), 16, 1);
    const greys = Array.from({ length: 16 }, (_, i) => 0.3 * data[4 * i] + 0.59 * data[4 * i + 1] + 0.11 * data[4 * i + 2]);
    Math.max(...greys) - Math.min(...greys);
  }`);
}
