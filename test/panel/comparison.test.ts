import { describe, expect, it } from 'vitest';
import { compareModels } from '../../shared/src/comparison/compare.ts';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { shownPanel, usePanel } from './driving.ts';
import { patchOf } from './images.ts';

usePanel();

/** What the page must show: the same function, called here. */
const comparison = (seed: number) => {
  const workload = workloadById('web-server', '6.12');
  if (!workload) throw new Error('there is no web server');
  return compareModels(patchOf('sigsuspend'), { workload, kernel: '6.12', seeds: [seed] });
};

describe('comparing models', () => {
  it('shows a row for each model with what came of it, and goes back to the tasks', async () => {
    const { page } = await shownPanel();
    const seed = Number(await page.locator('input.seed').inputValue());
    await page.getByRole('button', { name: 'Compare models' }).click();
    const rows = page.locator('.comparison tbody tr:not(.behind)');
    const expected = comparison(seed);
    await expect.poll(() => rows.count()).toBe(expected.rows.length);
    expect(await rows.locator('th').allTextContents()).toEqual(expected.rows.map(({ title }) => title));
    expect(await page.locator('.timeline').isVisible()).toBe(false);
    await page.keyboard.press('m');
    expect(await page.locator('.timeline').isVisible()).toBe(true);
    expect(await page.locator('.comparison').isVisible()).toBe(false);
  });

  it('unfolds what is behind a row, and opens its run task by task', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await page.keyboard.press('m');
    const title = comparison(1).rows.find(({ choice }) => choice.model === 'kgraft')?.title ?? '';
    await page.locator('.comparison').getByRole('button', { name: title, exact: true }).click();
    const behind = page.locator('.comparison .behind:visible');
    expect(await behind.textContent()).toContain('Sources');
    await behind.getByRole('button', { name: 'Show this run task by task' }).click();
    await page.locator('.timeline').waitFor();
    expect(await page.locator('.verdict h1').textContent()).toContain(title);
    // Nothing can be done to a run of another model.
    expect(await page.locator('.actions').isVisible()).toBe(false);
    await expect.poll(async () => (await panel.state()).model).toMatchObject({ model: 'kgraft' });
    await page.getByRole('button', { name: 'Back to the kernel’s own model' }).click();
    await expect.poll(() => page.locator('.verdict h1').textContent()).toContain('Finishes in');
    expect(await page.locator('.actions').isVisible()).toBe(true);
  });

  it('plays a row with what the debate left open, chosen in place, and leaves it unfolded and focused', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await page.keyboard.press('m');
    const button = (title: string) => page.locator('.comparison').getByRole('button', { name: title, exact: true });
    await button('kGraft').click();
    const behind = page.locator('.comparison .behind:visible');
    const signal = behind.getByLabel('how sleepers are made to leave the kernel');
    await signal.focus();
    await signal.selectOption('none');
    await button('kGraft (signal: none)').waitFor();
    expect(await behind.count()).toBe(1);
    expect(await behind.textContent()).not.toContain('when tasks that are left are signalled');
    await behind.locator('select:focus').waitFor();
    await signal.selectOption('fake');
    await button('kGraft').waitFor();
    // The other kernel has other rows: what was chosen for these is gone.
    await signal.selectOption('none');
    await button('kGraft (signal: none)').waitFor();
    await page.locator('select[aria-label="Kernel"]').selectOption('6.1');
    await button('kGraft').waitFor();
  });

  it('keeps what was chosen over a reload, and forgets what is of another version', async () => {
    const first = await shownPanel();
    const button = (page: typeof first.page, title: string) =>
      page.locator('.comparison').getByRole('button', { name: title, exact: true });
    await first.page.keyboard.press('m');
    await button(first.page, 'kGraft').click();
    await first.page.locator('.comparison .behind:visible').getByLabel('how sleepers').selectOption('none');
    await button(first.page, 'kGraft (signal: none)').waitFor();
    await expect.poll(async () => JSON.stringify((await first.state()).varied)).toContain('{"signal":"none"}');
    const kept = await first.state();
    await button((await shownPanel({ state: kept })).page, 'kGraft (signal: none)').waitFor();
    const varied = { kernel: '6.12', choices: [{ model: 'of another version' }] };
    await button((await shownPanel({ state: { ...kept, varied } })).page, 'kGraft').waitFor();
  });

  it('is kept over a reload, and compares anew when the machine is another', async () => {
    const first = await shownPanel();
    await first.page.keyboard.press('m');
    const caption = (page: typeof first.page) => page.locator('.comparison caption').textContent();
    await expect.poll(() => caption(first.page)).toContain('models finish');
    await expect.poll(async () => (await first.state()).sheet).toBe('models');
    const { page } = await shownPanel({ state: await first.state() });
    await expect.poll(() => caption(page)).toContain('models finish');
    const before = await caption(page);
    await page.locator('select[aria-label="Workload"]').selectOption('database');
    await expect.poll(() => caption(page)).not.toBe(before);
  });
});
