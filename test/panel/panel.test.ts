import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { WORKLOADS, workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { FILE, imagesMessage, objectOf, patchOf } from './images.ts';
import { type OpenOptions, PanelHarness, type PanelPage } from './panel-page.ts';

let harness: PanelHarness;
const open: PanelPage[] = [];

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

/** An open page that has heard nothing yet. */
async function panelPage(options: OpenOptions = {}): Promise<PanelPage> {
  const panel = await harness.open(options);
  open.push(panel);
  await expect.poll(() => panel.said.at(0)).toEqual({ type: 'ready' });
  return panel;
}

/** A page that shows a patch of sigsuspend(), in which the web server's nginx master sleeps until the signal round. */
async function shownPanel(options: OpenOptions = {}, image = patchOf('sigsuspend')): Promise<PanelPage> {
  const panel = await panelPage(options);
  await panel.post(imagesMessage([image]));
  await forecastShown(panel.page);
  return panel;
}

const forecastShown = (page: Page) => page.locator('.verdict:not([aria-busy]) .spread').waitFor();
const time = (page: Page) => page.locator('output.time').textContent();
/** The nginx master: the longest held up is the first of its group. */
const MASTER = 'nginx:';
const row = (page: Page, label: string) => page.locator('.timeline .row', { hasText: label }).first();

/** Clicks on a row's bar at a share of the whole width. */
async function clickBar(page: Page, label: string, share: number): Promise<void> {
  const bars = await page.locator('canvas.bars').boundingBox();
  const name = await row(page, label).boundingBox();
  if (bars === null || name === null) throw new Error('nothing drawn');
  await page.mouse.click(bars.x + bars.width * share, name.y + name.height / 2);
}

/** The colour on a row's bar at a share of the width: red, green, blue. */
async function colorAt(page: Page, label: string, share: number): Promise<number[]> {
  const name = await row(page, label).boundingBox();
  const y = (name?.y ?? 0) + 11;
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

describe('drawing', () => {
  it('waits for the module, then says what the forecast says and draws every task', async () => {
    const panel = await panelPage();
    expect(await panel.page.locator('.notice').textContent()).toMatch(/waiting/i);
    const image = patchOf('sigsuspend');
    await panel.post(imagesMessage([image]));
    await forecastShown(panel.page);
    const expected = forecast(image, { kernel: '6.12', workload: WORKLOADS[0] as never, seeds: 10 });
    expect(await panel.page.locator('.verdict h1').textContent()).toBe(expected.headline);
    expect(await panel.page.locator('.verdict').getAttribute('data-kind')).toBe('slow');
    await expect
      .poll(() => panel.said.at(-1))
      .toEqual({
        type: 'drawn',
        patch: 'patch',
        verdict: expected.headline,
        lanes: expected.workload.tasks,
        end: expected.typical.end,
      });
    // The run shown is the typical one of the forecast.
    expect(await panel.page.locator('input.seed').inputValue()).toBe(String(expected.typical.options.seed));
  });

  it('draws old, blocked and new code differently', async () => {
    const { page } = await shownPanel();
    const [red = 0, green = 0] = await colorAt(page, MASTER, 0.4);
    expect(red).toBeGreaterThan(green + 60);
    const [newRed = 0, newGreen = 0] = await colorAt(page, MASTER, 0.95);
    expect(newGreen).toBeGreaterThan(newRed + 60);
    const [otherRed = 0, otherGreen = 0] = await colorAt(page, 'node (', 0.4);
    expect(otherGreen).toBeGreaterThan(otherRed + 60);
  });

  it('puts who is held up longest on top and folds the others', async () => {
    const { page } = await shownPanel();
    expect(await page.locator('.timeline .row').first().textContent()).toBe('nginx (5)');
    expect(await row(page, 'nginx (').getAttribute('aria-expanded')).toBe('true');
    expect(await page.locator('.timeline .row').nth(1).textContent()).toMatch(/^nginx:\d+$/);
    expect(await row(page, 'kernel threads (').getAttribute('aria-expanded')).toBe('false');
    await row(page, 'node (').locator('.label').click();
    expect(await row(page, 'node (').getAttribute('aria-expanded')).toBe('true');
  });

  it('says why there is nothing to simulate, and shows the next module', async () => {
    const panel = await shownPanel();
    await panel.post({ type: 'nothing', why: 'No klp_patch was found.' });
    await panel.page.locator('.notice', { hasText: 'No klp_patch was found.' }).waitFor();
    expect(await panel.page.locator('.timeline').isVisible()).toBe(false);
    await panel.post(imagesMessage([patchOf('sigsuspend')]));
    await panel.page.locator('.timeline').waitFor();
    expect(await panel.page.locator('.notice').isVisible()).toBe(false);
  });

  it('says what the kernel answers to a patch that it refuses', async () => {
    const panel = await shownPanel({}, { ...patchOf('sigsuspend'), livepatchMark: false });
    expect(await panel.page.locator('.verdict').getAttribute('data-kind')).toBe('bad');
    expect(await panel.page.locator('.log').textContent()).toContain('EINVAL');
  });

  it('offers the patches of a module that has several', async () => {
    const panel = await panelPage();
    const second = { ...patchOf('do_nanosleep'), variable: 'second' };
    await panel.post(imagesMessage([patchOf('sigsuspend'), second], { patch: 'second' }));
    await forecastShown(panel.page);
    const chooser = panel.page.getByLabel('Patch', { exact: true });
    expect(await chooser.inputValue()).toBe('second');
    expect(await panel.page.locator('.verdict h1').textContent()).toContain('do_nanosleep');
    await chooser.selectOption('patch');
    await panel.page.locator('.verdict h1', { hasText: 'sigsuspend' }).waitFor();
  });
});

describe('time', () => {
  it('plays at the chosen speed, pauses, and stops at the end', async () => {
    const { page } = await shownPanel();
    await page.getByLabel('Speed').selectOption('10');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await expect.poll(() => time(page)).not.toMatch(/^0 s/);
    await page.getByRole('button', { name: 'Pause' }).click();
    const stopped = await time(page);
    await page.waitForTimeout(150);
    expect(await time(page)).toBe(stopped);
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await expect.poll(() => time(page), { timeout: 10_000 }).toMatch(/^(\S+ s) of \1$/);
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  });

  it('follows the pointer over the axis', async () => {
    const { page } = await shownPanel();
    const axis = await page.locator('canvas.axis').boundingBox();
    if (axis === null) throw new Error('no axis');
    await page.mouse.move(axis.x + 10, axis.y + 20);
    await page.mouse.down();
    await page.mouse.move(axis.x + axis.width / 2, axis.y + 20, { steps: 5 });
    await page.mouse.up();
    const slider = page.locator('canvas.axis');
    const [now, end] = [await slider.getAttribute('aria-valuenow'), await slider.getAttribute('aria-valuemax')];
    expect(Number(now) / Number(end)).toBeCloseTo(0.515, 1);
    await page.mouse.move(axis.x + 10, axis.y + 20);
    expect(await slider.getAttribute('aria-valuenow')).toBe(now);
  });

  it('goes to the moment of a log line, and dims what comes later', async () => {
    const { page } = await shownPanel();
    await page.locator('.log-lines li', { hasText: 'signaling remaining tasks' }).locator('button').click();
    expect(await time(page)).toMatch(/^15\.\d s of/);
    expect(await page.locator('.log-lines li', { hasText: 'patching complete' }).getAttribute('class')).toContain(
      'future',
    );
    expect(await page.locator('.log-lines li', { hasText: 'enabling' }).getAttribute('class')).not.toContain('future');
  });

  it('shows debug lines when asked', async () => {
    const { page } = await shownPanel();
    expect(await page.locator('.log-lines').textContent()).not.toContain('initializing patching transition');
    await page.getByLabel('debug lines').check();
    expect(await page.locator('.log-lines').textContent()).toContain('initializing patching transition');
  });
});

describe('the keyboard alone', () => {
  it('moves the time, by steps, by events and to the ends', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('ArrowRight');
    expect(await time(page)).toMatch(/^1\d\d ms of/);
    await page.keyboard.press('Shift+ArrowRight');
    expect(await time(page)).toMatch(/^1\.\d s of/);
    await page.keyboard.press('End');
    expect(await time(page)).toMatch(/^(\S+ s) of \1$/);
    await page.keyboard.press(',');
    expect(await time(page)).toMatch(/^15\.\d s of/);
    await page.keyboard.press('Home');
    expect(await time(page)).toMatch(/^0 s of/);
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  });

  it('chooses tasks, unfolds groups, reads details and comes back', async () => {
    const { page } = await shownPanel();
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const tree = page.getByRole('tree');
    const active = async () => page.locator(`#${await tree.getAttribute('aria-activedescendant')}`);
    expect(await (await active()).getAttribute('aria-label')).toMatch(/^nginx:\d+: blocked since 0 s .*sigsuspend/);
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').textContent()).toMatch(/^nginx:\d+$/);
    await page.keyboard.press('Escape');
    expect(await page.locator('.detail .who').textContent()).toBe('All tasks');
    while (
      (await (await active()).count()) === 0 ||
      !(await (await active()).textContent())?.startsWith('kernel threads')
    ) {
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    expect(await (await active()).getAttribute('aria-expanded')).toBe('true');
  });

  it('zooms around the cursor and back', async () => {
    const { page } = await shownPanel();
    const seenEnd = () => colorAt(page, MASTER, 0.95);
    const [, whole = 0] = await seenEnd();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    // The first seconds only: still blocked at the right edge.
    await expect.poll(async () => (await seenEnd())[1]).toBeLessThan(whole - 40);
    await page.keyboard.press('0');
    await expect.poll(async () => (await seenEnd())[1]).toBe(whole);
  });

  it('leaves fields and buttons their own keys', async () => {
    const { page } = await shownPanel();
    await page.locator('input.seed').focus();
    await page.keyboard.press('End');
    expect(await time(page)).toMatch(/^0 s of/);
    await page.locator('input.seed').fill('7');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('button', { name: 'Typical run' }).getAttribute('aria-pressed')).toBe('false');
  });

  it('lists its keys', async () => {
    const { page } = await shownPanel();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'hidden' });
  });
});

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
    await panel.post(imagesMessage([patchOf('sigsuspend', 'n_tty_read')]));
    await page.locator('.versions', { hasText: 'n_tty_read' }).waitFor();
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
    const simulation = { kernel: '6.12', workload: 'database', seeds: 10 };
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
  const found = workloadById(workload);
  if (found === undefined) throw new Error(`no workload ${workload}`);
  return found.cpus + found.tasks.reduce((sum, { count }) => sum + count, 0);
}
