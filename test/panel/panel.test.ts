import { describe, expect, it } from 'vitest';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { colorAt, forecastShown, MASTER, panelPage, row, shownPanel, time, usePanel } from './driving.ts';
import { imagesMessage, patchOf } from './images.ts';

usePanel();

describe('drawing', () => {
  it('waits for the module, then says what the forecast says and draws every task', async () => {
    const panel = await panelPage();
    expect(await panel.page.locator('.notice').textContent()).toMatch(/waiting/i);
    const image = patchOf('sigsuspend');
    await panel.post(imagesMessage([image]));
    await forecastShown(panel.page);
    const expected = forecast(image, {
      kernel: '6.12',
      workload: workloadById('web-server', '6.12') as never,
      seeds: 5,
    });
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
    const [otherRed = 0, otherGreen = 0] = await colorAt(page, 'php-fpm8.2 (', 0.4);
    expect(otherGreen).toBeGreaterThan(otherRed + 60);
  });

  it('puts who is held up longest on top and folds the others', async () => {
    const { page } = await shownPanel();
    expect(await page.locator('.timeline .row').first().textContent()).toBe('nginx (5)');
    expect(await row(page, 'nginx (').getAttribute('aria-expanded')).toBe('true');
    expect(await page.locator('.timeline .row').nth(1).textContent()).toMatch(/^nginx:\d+$/);
    expect(await row(page, 'kernel threads (').getAttribute('aria-expanded')).toBe('false');
    await row(page, 'php-fpm8.2 (').locator('.label').click();
    await expect.poll(() => row(page, 'php-fpm8.2 (').getAttribute('aria-expanded')).toBe('true');
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
    await expect
      .poll(async () => (await active()).getAttribute('aria-label'))
      .toMatch(/^nginx:\d+: blocked since 0 s .*sigsuspend/);
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
    await expect.poll(async () => (await active()).getAttribute('aria-expanded')).toBe('true');
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
