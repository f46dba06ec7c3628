import type { Frame, Page } from 'playwright-core';

type Color = readonly [number, number, number];

/** Colour of the text and of what is behind it, for every element that shows text of its own. */
function textColors(page: Page | Frame): Promise<{ text: string; color: Color; ground: Color; opacity: number }[]> {
  return page.evaluate(`{
    const read = (value) => (value.match(/[\\d.]+/g) ?? []).map(Number);
    const groundOf = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const [r, g, b, alpha = 1] = read(getComputedStyle(at).backgroundColor);
        if (alpha > 0.9) return [r, g, b];
      }
      return [255, 255, 255];
    };
    [...document.querySelectorAll('#panel *')]
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''))
      .filter((element) => element.getClientRects().length > 0)
      .map((element) => ({
        text: element.textContent.slice(0, 40),
        color: read(getComputedStyle(element).color).slice(0, 3),
        ground: groundOf(element),
        opacity: element.closest('.future') ? 0.5 : 1,
      }));
  }`);
}

/** Contrast ratio of two colours (WCAG 2). */
function contrast(a: Color, b: Color): number {
  const luminance = (color: Color) => {
    const [r = 0, g = 0, b = 0] = color.map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** Texts of the panel that are hard to read against what is behind them. */
export async function textsOfPoorContrast(page: Page | Frame): Promise<string[]> {
  return (
    (await textColors(page))
      .filter(({ opacity }) => opacity === 1)
      // 4.5 is what WCAG 2 asks of text of this size.
      .filter(({ color, ground }) => contrast(color, ground) < 4.5)
      .map(({ text, color, ground }) => `${text}: ${contrast(color, ground).toFixed(1)} (${color} on ${ground})`)
  );
}
