import { describe, expect, it } from 'vitest';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { forecastShown, shownPanel, usePanel } from './driving.ts';
import { imagesMessage, patchOf } from './images.ts';

usePanel();

const SEEDS = 30;

/** What the page must show: the same forecast, made here. */
function expected(...functions: string[]) {
  const workload = workloadById('web-server', '6.12') as Workload;
  return forecast(patchOf(...functions), { kernel: '6.12', workload, seeds: SEEDS });
}

/** A page that shows every run of a patch of these functions. */
async function runsOf(functions: string[], options: Parameters<typeof shownPanel>[0] = {}) {
  const panel = await shownPanel(options);
  const simulation = { kernel: '6.12', workload: 'web-server', seeds: SEEDS };
  await panel.post(imagesMessage([patchOf(...functions)], { simulation }));
  await panel.page.locator('.verdict .spread', { hasText: `${SEEDS} runs` }).waitFor();
  await forecastShown(panel.page);
  await panel.page.getByRole('button', { name: 'Every run' }).first().click();
  return panel;
}

describe('every run of the forecast', () => {
  it('is a block in the picture, by whether it needed the signal round', async () => {
    const { page } = await runsOf(['do_epoll_wait']);
    const { runs, needsSignals, time } = expected('do_epoll_wait');
    await expect.poll(() => page.locator('.distribution .run').count()).toBe(runs.length);
    expect(await page.locator('.distribution .run.signalled').count()).toBe(needsSignals);
    expect(await page.locator('.distribution').getAttribute('aria-label')).toContain(
      `${SEEDS} of ${SEEDS} runs finish, in ${((time?.min ?? 0) / 1e6).toFixed(1)} s`,
    );
    expect(await page.locator('.timeline').isVisible()).toBe(false);
    await page.keyboard.press('r');
    expect(await page.locator('.timeline').isVisible()).toBe(true);
  });

  it('stands in a table beside it, with runs that can be opened', async () => {
    const panel = await runsOf(['do_epoll_wait']);
    const { page } = panel;
    const { runs, time } = expected('do_epoll_wait');
    const longest = runs.find((run) => run.time === time?.max);
    await page.locator('.numbers tr', { hasText: 'Longest' }).getByRole('button').click();
    await page.locator('.timeline').waitFor();
    expect(await page.locator('input.seed').inputValue()).toBe(String(longest?.seed));
    await expect.poll(() => panel.said.findLast((said) => said.type === 'drawn')).toMatchObject({ end: longest?.time });
    // The last chosen block opens its run, too.
    await page.keyboard.press('r');
    await page.locator('.every summary').click();
    expect(await page.locator('.every tbody tr').count()).toBe(SEEDS);
    await page.locator('.distribution .run').first().click();
    await page.locator('.timeline').waitFor();
  });

  it('tells who holds up how many of them, with stack and advice', async () => {
    const { page } = await runsOf(['kcompactd', 'sigsuspend']);
    const { blockers, finished } = expected('kcompactd', 'sigsuspend');
    expect(finished).toBe(0);
    const items = page.locator('.holder-list > li');
    await expect.poll(() => items.count()).toBe(blockers.length);
    expect(await page.locator('.distribution .run.never').count()).toBe(SEEDS);
    const first = items.first();
    expect(await first.textContent()).toContain(`in ${SEEDS} of ${SEEDS} (100 %) of the runs`);
    await first.locator('summary').click();
    expect(await first.locator('.advice').allTextContents()).toEqual([...(blockers[0]?.advice ?? [])]);
    expect(await first.locator('.stack .blocks').textContent()).toContain('kcompactd');
  });

  it('stays open when the module changes, and follows', async () => {
    const panel = await runsOf(['sigsuspend']);
    await expect.poll(() => panel.page.locator('.distribution .run.signalled').count()).toBe(SEEDS);
    const simulation = { kernel: '6.12', workload: 'web-server', seeds: SEEDS };
    await panel.post(imagesMessage([patchOf('nobody_sleeps_here')], { simulation }));
    await expect.poll(() => panel.page.locator('.distribution .run.quiet').count()).toBe(SEEDS);
    expect(await panel.page.locator('.holders').textContent()).toContain('Nobody, in any run.');
    await expect.poll(async () => (await panel.state()).sheet).toBe('runs');
  });

  it.each([320, 700])('fits into a column of %i pixels', async (width) => {
    const { page } = await runsOf(['kcompactd'], { width, height: 900 });
    await page.locator('.distribution .run').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const picture = await page.locator('.distribution').boundingBox();
    expect((picture?.x ?? 0) + (picture?.width ?? 0)).toBeLessThanOrEqual(width);
  });
});
