import { describe, expect, it } from 'vitest';
import { comparePolicies } from '../../shared/src/comparison/policies.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { workloadById } from '../../shared/src/simulator/workloads/index.ts';
import { shownPanel, usePanel } from './driving.ts';
import { objectOf, patchOf } from './images.ts';

usePanel();

/** Version 2 of a cumulative patch, which the panel shows, version 1, and a fix of somebody else's. */
const V2: PatchImage = { ...patchOf('sigsuspend', 'do_mmap'), module: 'lp_2', replace: true };
const V1: PatchImage = { ...V2, module: 'lp_1', objects: [objectOf(null, ['sigsuspend'])] };
const HOTFIX: PatchImage = {
  ...patchOf('do_exit'),
  module: 'hotfix',
  objects: [
    {
      ...objectOf(null, ['do_mmap', 'do_exit']),
      callbacks: {
        pre_patch: { function: 'set_up', returns: 0, returnKnown: true, source: null },
        post_unpatch: { function: 'take_down', returns: 0, returnKnown: true, source: null },
      },
    },
  ],
};

const expected = (seed: number, ...installed: PatchImage[]) =>
  comparePolicies(V2, { workload: workloadById('web-server', '6.12') as Workload, kernel: '6.12', seed, installed });

async function policies(options: Parameters<typeof shownPanel>[0] = {}) {
  const panel = await shownPanel(options, V2);
  await panel.page.getByRole('button', { name: 'Compare policies' }).click();
  await expect.poll(() => panel.said.some(({ type }) => type === 'others')).toBe(true);
  await panel.post({ type: 'others', images: [V2, HOTFIX, V1], note: null });
  const heading = panel.page.locator('.policies:not([aria-busy]) h2');
  await expect.poll(() => heading.textContent()).toContain('with lp_1, hotfix');
  return { panel, page: panel.page, heading };
}

const rowsOf = (page: Awaited<ReturnType<typeof policies>>['page']) =>
  page.locator('.policies > table > tbody > tr:not(.behind)');

describe('comparing policies', () => {
  it('shows a row for each way, and whether a fixed function ever runs unfixed', async () => {
    const { page } = await policies();
    const seed = Number(await page.locator('input.seed').inputValue());
    const { rows } = expected(seed, V1, HOTFIX);
    expect(await rowsOf(page).locator('th button').allTextContents()).toEqual(rows.map(({ title }) => title));
    const unfixed = await rowsOf(page).locator('td:nth-of-type(2)').allTextContents();
    expect(unfixed.map((words) => words === 'never')).toEqual(rows.map((row) => row.unfixed.length === 0));
    expect(unfixed).toContain('never');
    const all = rowsOf(page).filter({ hasText: 'Disable all others' });
    expect(await all.locator('rect.unfixed').count()).toBeGreaterThan(0);
    expect(await page.locator('.timeline').isVisible()).toBe(false);
    await page.keyboard.press('p');
    expect(await page.locator('.timeline').isVisible()).toBe(true);
  });

  it('tells what each refuses, which callbacks nobody runs, and what each operation costs', async () => {
    const { page } = await policies();
    await rowsOf(page).locator('th button', { hasText: 'Load it' }).first().click();
    const behind = page.locator('.policies .behind:visible');
    expect(await behind.textContent()).toContain('post_unpatch of hotfix for vmlinux, take_down()');
    expect(await behind.textContent()).toContain('A patch with .replace that lacks a state of a loaded patch');
    expect(await behind.textContent()).toMatch(/Loading lp_2, over after .*: 1 transition, /);
    const again = page.locator('.policies .again');
    expect(await again.locator('tbody tr').allTextContents()).toEqual([
      expect.stringMatching(/^Each version replaces the one before\+0 −00/),
      expect.stringMatching(/^Each version is loaded upon the others\+0 −00.*10$/),
      expect.stringMatching(/^The one before is disabled first\+2 −22/),
    ]);
    expect(await again.textContent()).toContain('200 grace periods of RCU-tasks');
  });

  it('is made anew for other livepatches that are there before, and keeps the choice', async () => {
    const { panel, page, heading } = await policies();
    await page.getByRole('checkbox', { name: 'hotfix' }).uncheck();
    await expect.poll(() => heading.textContent()).toContain('with lp_1 (');
    await page.getByRole('checkbox', { name: 'An earlier build of this module' }).check();
    await expect.poll(() => heading.textContent()).toContain('with lp_1, lp_2_before (');
    await expect.poll(async () => (await panel.state()).installed).toEqual(['lp_1:patch', 'earlier']);
    expect(
      await page.getByRole('checkbox', { name: 'An earlier build' }).evaluate('document.activeElement.value'),
    ).toBe('earlier');
  });

  it.each([320, 700])('fits into a column of %i pixels', async (width) => {
    const { page } = await policies({ width, height: 900 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await rowsOf(page).first().isVisible()).toBe(true);
  });
});
