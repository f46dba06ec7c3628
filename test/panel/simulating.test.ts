import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { clickBar, forecastShown, MASTER, panelPage, row, shownPanel, time, usePanel } from './driving.ts';
import { FILE, imagesMessage, objectOf, patchOf } from './images.ts';

usePanel();

describe('details', () => {
  it('shows the stack of a blocked task with the patched function marked, and leads to the source', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await clickBar(page, MASTER, 0.5);
    expect(await page.locator('.detail .who').textContent()).toMatch(/^nginx:\d+$/);
    expect(await page.locator('.detail .status').textContent()).toMatch(
      /blocked since 0 s .*sleeps in sigsuspend\(\)/i,
    );
    const frames = await page.locator('.stack li .function').allTextContents();
    expect(frames[0]).toBe('__schedule');
    expect(await page.locator('.stack li.blocks .function').textContent()).toContain('sigsuspend');
    expect(await page.locator('.stack li.blocks').count()).toBe(1);
    expect(await page.locator('.task .life').first().textContent()).toMatch(
      /starts again unseen.*returns to user space and switches/,
    );
    await page.locator('.stack li.blocks .link').click();
    await expect.poll(() => panel.said.at(-1)).toEqual({ type: 'reveal', range: { file: FILE, start: 100, end: 110 } });
  });

  it('shows which version the task runs, and sysfs, at the cursor', async () => {
    const { page } = await shownPanel();
    await clickBar(page, MASTER, 0.5);
    expect(await page.locator('.versions').textContent()).toContain('this task runs the original');
    expect(await page.locator('.sysfs').textContent()).toMatch(/transition1/);
    await page.keyboard.press('End');
    expect(await page.locator('.versions').textContent()).toContain('this task runs fixed_sigsuspend');
    expect(await page.locator('.sysfs').textContent()).toMatch(/transition0/);
  });

  it('tells how versions came and went over the whole run, and whether a fixed function ever ran unfixed', async () => {
    const { page } = await shownPanel();
    const history = page.locator('.function-history');
    await history.locator('summary').click();
    expect(await history.locator('.status').textContent()).toBe(
      'No function that was fixed ever runs unfixed in this run.',
    );
    expect(await history.locator('h4').allTextContents()).toEqual(['sigsuspend()']);
    const [moving, done] = await history.locator('li').allTextContents();
    expect(moving).toMatch(/^0 s to 1\d\.\d s.*fixed_sigsuspend over original: .*→ \d+ tasks run fixed_sigsuspend/);
    expect(done).toMatch(/fixed_sigsuspend over original: \d+ tasks run fixed_sigsuspend$/);
    await history.locator('li button').nth(1).click();
    expect(await time(page)).toMatch(/^1\d\.\d s of/);
  });

  it('says when a fixed function runs unfixed again', async () => {
    const { page } = await shownPanel();
    await page.locator('.function-history summary').click();
    await page.locator('.scroller').focus();
    await page.keyboard.press('End');
    await page.locator('.actions').getByRole('button', { name: 'Disable' }).click();
    await expect
      .poll(() => page.locator('.function-history .status').textContent())
      .toMatch(/sigsuspend\(\) was fixed and runs unfixed from 1\d\.\d s to the end/);
  });

  it('lists who was held up, and goes there', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('End');
    await page.locator('.detail .life button', { hasText: MASTER }).click();
    expect(await time(page)).toMatch(/^0 s of/);
    expect(await page.locator('.detail .who').textContent()).toMatch(/^nginx:\d+$/);
  });

  it('has the same facts as a table', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('t');
    const line = page.locator('.table tbody tr').nth(1);
    expect(await line.locator('th').textContent()).toMatch(/^nginx:\d+$/);
    expect(await line.locator('td').allTextContents()).toEqual([
      expect.stringMatching(/^blocked since 0 s/),
      expect.stringMatching(/^15\.\d s$/),
      'It sleeps in sigsuspend(), which the patch replaces.',
    ]);
    expect(await page.locator('.timeline').isVisible()).toBe(false);
    await page.keyboard.press('t');
    await page.locator('.timeline').waitFor();
  });

  it('says in a live region how many tasks are where', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('End');
    expect(await page.locator('.now[role="status"]').textContent()).toMatch(/^16\.\d s: \d+ tasks run new code\.$/);
  });
});

describe('actions', () => {
  it('reverses a transition at the cursor, and undoes that', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.getByRole('button', { name: 'Reverse' }).click();
    await page.locator('.log-lines li', { hasText: 'unpatching complete' }).waitFor();
    expect(await page.locator('.log-lines').textContent()).toMatch(
      /echo 0 > \/sys\/kernel\/livepatch\/fix_wait\/enabled.*starting unpatching transition.*unpatching complete/s,
    );
    expect(await page.locator('.log-lines').textContent()).not.toContain('patching complete\n');
    await page.locator('.chip', { hasText: 'disable at 3.4 s' }).waitFor();
    await page.getByRole('button', { name: /^Undo disable/ }).click();
    await page.locator('.log-lines li', { hasText: 'signaling remaining tasks' }).waitFor();
    expect(await page.locator('.chip').count()).toBe(0);
  });

  it('forces a transition', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('Shift+ArrowRight');
    await page.getByRole('button', { name: 'Force' }).click();
    await page.locator('.log-lines li', { hasText: 'forcing remaining tasks to the patched state' }).waitFor();
    expect(Number(await page.locator('canvas.axis').getAttribute('aria-valuemax'))).toBeLessThan(5_000_000);
  });

  it('disables a patch, removes its module and loads it again', async () => {
    const { page } = await shownPanel({}, patchOf('cmdline_proc_show'));
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'rmmod' }).click();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: /Load.*again/ }).click();
    expect(await page.locator('.chip').count()).toBe(3);
    expect(await page.locator('.chip.failed').count()).toBe(0);
    await page.getByRole('button', { name: 'Undo all' }).click();
    expect(await page.locator('.chip').count()).toBe(0);
  });

  it('loads and removes a module that the patch names', async () => {
    const image = { ...patchOf('cmdline_proc_show'), objects: [objectOf('nfsd', ['nfsd_dispatch'])] };
    const { page } = await shownPanel({}, image);
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Load nfsd' }).click();
    await page.locator('.log-lines li', { hasText: "applying patch 'fix_wait' to loading module 'nfsd'" }).waitFor();
    await page.getByRole('button', { name: 'Remove nfsd' }).click();
    await page.locator('.log-lines li', { hasText: "reverting patch 'fix_wait' on unloading module 'nfsd'" }).waitFor();
  });
});

describe('what is simulated', () => {
  it('follows edits and keeps time and task', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await clickBar(page, MASTER, 0.5);
    const before = await time(page);
    await panel.post(imagesMessage([patchOf('sigsuspend', 'do_select')]));
    await page.locator('.versions', { hasText: 'do_select' }).waitFor();
    expect((await time(page))?.split(' of ')[0]).toBe(before?.split(' of ')[0]);
    expect(await page.locator('.detail .who').textContent()).toMatch(/^nginx:\d+$/);
    await expect.poll(() => row(page, 'bash').getAttribute('aria-label')).toContain('blocked');
  });

  it('takes another workload, kernel and seed', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    await page.getByLabel('Workload').selectOption('database');
    await forecastShown(page);
    await expect.poll(() => panel.said.at(-1)).toMatchObject({ type: 'drawn', lanes: lanesOf('database') });
    await page.getByLabel('Kernel', { exact: true }).selectOption('6.1');
    expect(await page.locator('.log .note').textContent()).toContain('Linux 6.1;');
    await page.getByLabel('Kernel', { exact: true }).selectOption('6.12+replace-set');
    expect(await page.locator('.log .note').textContent()).toContain('Linux 6.12+replace-set;');
    expect(await page.locator('.machine .sysfs').textContent()).toContain('replace_set');
    await page.getByLabel('Kernel', { exact: true }).selectOption('6.1');
    await page.locator('input.seed').fill('3');
    await page.keyboard.press('Enter');
    await page.locator('input.seed').blur();
    expect(await page.locator('input.seed').inputValue()).toBe('3');
    await page.getByRole('button', { name: 'Typical run' }).click();
    expect(await page.getByRole('button', { name: 'Typical run' }).getAttribute('aria-pressed')).toBe('true');
  });

  it('takes a changed setting, and keeps a choice when the setting did not change', async () => {
    const panel = await shownPanel();
    const chooser = panel.page.getByLabel('Workload');
    await chooser.selectOption('build-machine');
    await panel.post(imagesMessage([patchOf('sigsuspend')]));
    await forecastShown(panel.page);
    expect(await chooser.inputValue()).toBe('build-machine');
    const simulation = { kernel: '6.12', workload: 'database', seeds: 5 };
    await panel.post(imagesMessage([patchOf('sigsuspend')], { simulation }));
    await expect.poll(() => chooser.inputValue()).toBe('database');
  });

  it('is the same after a reload', async () => {
    const first = await shownPanel();
    await first.page.getByLabel('Workload').selectOption('database');
    await forecastShown(first.page);
    await first.page.locator('input.seed').fill('4');
    await first.page.keyboard.press('Enter');
    await first.page.locator('input.seed').blur();
    await first.page.keyboard.press('Shift+ArrowRight');
    await first.page.getByRole('button', { name: 'Force' }).click();
    await first.page.locator('.timeline .row').first().locator('.label').click();
    await first.page.getByLabel('Speed').selectOption('2');
    const facts = (page: Page) =>
      Promise.all([
        time(page),
        page.locator('.chip').allTextContents(),
        page.locator('.detail .who').textContent(),
        page.getByLabel('Workload').inputValue(),
        page.getByLabel('Speed').inputValue(),
        page.locator('input.seed').inputValue(),
        page.locator('.timeline .row').allTextContents(),
      ]);
    await expect.poll(async () => (await first.state())?.speed).toBe(2);
    const state = await first.state();
    const second = await shownPanel({ state });
    expect(await facts(second.page)).toEqual(await facts(first.page));
    expect(await second.page.locator('.chip').count()).toBe(1);
  });

  it('does not give the kept state of one module to another', async () => {
    const first = await shownPanel();
    await first.page.getByLabel('Workload').selectOption('database');
    await expect.poll(async () => (await first.state())?.workload).toBe('database');
    const second = await panelPage({ state: { ...(await first.state()), uri: 'file:///src/other.c' } });
    await second.post(imagesMessage([patchOf('sigsuspend')]));
    await forecastShown(second.page);
    expect(await second.page.getByLabel('Workload').inputValue()).toBe('web-server');
  });
});

function lanesOf(workload: string): number {
  const found = workloadById(workload, '6.12');
  if (found === undefined) throw new Error(`no workload ${workload}`);
  return found.cpus + found.tasks.reduce((sum, { count }) => sum + count, 0);
}
