import { describe, expect, it } from 'vitest';
import { makeRun } from '../../client/webview/run.ts';
import { MASTER, panelPage, row, shownPanel, time, usePanel } from './driving.ts';
import { imagesMessage, patchOf } from './images.ts';

usePanel();

/** One task that sleeps for ever in what the tests' patch replaces. */
const MACHINE = {
  type: 'machine',
  uri: 'file:///machines/host.json',
  kernel: '6.1',
  notes: ['The recording does not say CONFIG_HZ: 250 is taken.'],
  workload: {
    id: 'capture',
    title: 'machine recorded on Linux 6.1',
    description: 'One task.',
    cpus: 1,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks: [
      {
        comm: 'waiter',
        kind: 'user',
        count: 1,
        behaviour: {
          phases: [
            {
              do: 'sleep',
              for: { min: 0, max: 'forever' },
              state: 'interruptible',
              stack: ['__schedule', 'schedule', 'sigsuspend', 'do_syscall_64'],
              syscall: 'rt_sigsuspend',
            },
          ],
        },
      },
    ],
  },
} as const;

describe('filter', () => {
  it('shows only tasks that fit, and says so over a reload', async () => {
    const panel = await shownPanel();
    const { page } = panel;
    const rows = page.locator('.timeline .row');
    const all = await rows.count();
    await page.keyboard.press('/');
    await page.keyboard.type('blocked sigsuspend');
    await expect.poll(() => rows.allTextContents()).toEqual([expect.stringMatching(/^nginx:\d+$/)]);
    await expect.poll(async () => (await panel.state()).filter).toBe('blocked sigsuspend');
    const { page: again } = await shownPanel({ state: await panel.state() });
    expect(await again.locator('.timeline .row').count()).toBe(1);
    await page.locator('.filter').fill('kthread');
    await expect.poll(() => rows.first().textContent()).toMatch(/^kernel threads/);
    await page.locator('.filter').fill('');
    await expect.poll(() => rows.count()).toBe(all);
  });
});

describe('minimap', () => {
  it('moves what is in sight', async () => {
    const { page } = await shownPanel();
    const label = () => page.locator('.minimap').getAttribute('aria-label');
    expect(await label()).toMatch(/^In sight: 0 s to 1\d\.\d s/);
    for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Zoom in' }).click();
    const area = await page.locator('.minimap').boundingBox();
    if (!area) throw new Error('there is no minimap');
    await page.mouse.click(area.x + area.width * 0.9, area.y + 10);
    await expect.poll(label).toMatch(/^In sight: 1[45]\.\d s to/);
    await page.mouse.move(area.x + area.width * 0.9, area.y + 10);
    await page.mouse.down();
    await page.mouse.move(area.x + 4, area.y + 10);
    await page.mouse.up();
    await expect.poll(label).toMatch(/^In sight: 0 s to/);
  });
});

describe('saving what is shown', () => {
  const save = async (kind: string) => {
    const panel = await shownPanel();
    await panel.page.locator('select[aria-label="Save what is shown"]').selectOption(kind);
    await expect.poll(() => panel.said.at(-1)?.type).toBe('save');
    const message = panel.said.at(-1);
    if (message?.type !== 'save') throw new Error('nothing to save');
    expect(message).toMatchObject({ kind, name: 'fix_wait' });
    return { page: panel.page, content: message.content };
  };

  it('as SVG: the same rows, and what was simulated, in words', async () => {
    const { page, content } = await save('svg');
    expect(content).toMatch(/^<svg xmlns/);
    expect(content).toContain('Simulated: fix_wait on Linux 6.12');
    const [name] = await row(page, MASTER).allTextContents();
    expect(content).toContain(`>${name}</text>`);
    const problem = await page.evaluate(
      `new DOMParser().parseFromString(${JSON.stringify(content)}, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null`,
    );
    expect(problem).toBeNull();
  });

  it('as PNG: a picture with more than one colour', async () => {
    const { page, content } = await save('png');
    expect(Buffer.from(content, 'base64').subarray(1, 4).toString()).toBe('PNG');
    const colors = await page.evaluate(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${content}';
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 400) seen.add(data.slice(at, at + 3).join());
      return seen.size;
    })()`);
    expect(colors).toBeGreaterThan(4);
  });

  it('as JSON: the whole trace', async () => {
    const { content } = await save('json');
    expect(JSON.parse(content)).toMatchObject({ format: 'livepatch-trace-1', options: { workload: 'web-server' } });
  });
});

describe('a recorded machine', () => {
  it('is asked for in the list of machines, simulated on at once, and asked for again after a reload', async () => {
    const panel = await shownPanel();
    const machines = panel.page.locator('select[aria-label="Workload"]');
    await machines.selectOption({ label: 'A recorded machine…' });
    await expect.poll(() => panel.said.at(-1)).toEqual({ type: 'machine', uri: null });
    // Until there is one, nothing changes.
    expect(await machines.inputValue()).toBe('web-server');
    await panel.post(MACHINE);
    await expect.poll(() => row(panel.page, 'waiter:').count()).toBe(1);
    expect(await machines.locator('option:checked').textContent()).toBe('machine recorded on Linux 6.1');
    expect(await panel.page.locator('select[aria-label="Kernel"]').inputValue()).toBe('6.1');
    await expect.poll(() => panel.page.locator('.verdict').textContent()).toContain('does not say CONFIG_HZ');
    await expect.poll(async () => (await panel.state()).machine).toBe(MACHINE.uri);
    const again = await shownPanel({ state: await panel.state() });
    expect(again.said).toContainEqual({ type: 'machine', uri: MACHINE.uri });
    await again.post(MACHINE);
    await expect.poll(() => row(again.page, 'waiter:').count()).toBe(1);
  });
});

describe('a run that was made elsewhere', () => {
  it('is shown as it is, at the place that is asked for, with nothing to choose', async () => {
    const { trace } = makeRun({
      images: [],
      image: patchOf('sigsuspend'),
      kernel: '6.12',
      workload: MACHINE.workload,
      seed: 1,
      actions: [],
      model: null,
    });
    const panel = await panelPage();
    await panel.post({
      type: 'trace',
      title: 'kill on Linux 6.12: No such line is in the log.',
      trace,
      at: 3_000_000,
      verifiable: true,
    });
    await expect.poll(() => panel.page.locator('.verdict h1').textContent()).toContain('No such line is in the log.');
    expect(await time(panel.page)).toMatch(/^3\.0 s of/);
    expect(await row(panel.page, 'waiter:').count()).toBe(1);
    expect(await panel.page.locator('select[aria-label="Workload"]').isVisible()).toBe(false);
    expect(await panel.page.locator('.actions').isVisible()).toBe(false);
    await panel.post(imagesMessage([patchOf('sigsuspend')]));
    await panel.page.locator('select[aria-label="Workload"]').waitFor();
  });
});
