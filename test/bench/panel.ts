/**
 * The panel's page in Chromium with thousands of tasks: how much of a frame it takes to play, zoom and scroll; and how long
 * it takes from a key in the module to the new timeline. `panel.mjs DIST [--quick]` prints Markdown; DIST is the bundle's folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { forecast } from '../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { imagesMessage, patchOf } from '../panel/images.ts';
import { PanelHarness, type PanelPage } from '../panel/panel-page.ts';
import { shown as figure, table } from './measure.ts';
import { editsToTimeline } from './panel-edits.ts';
import { ourServer } from './servers.ts';

/** At 60 frames a second. Milliseconds. */
const FRAME = 1000 / 60;

/** Groups of ten tasks; one in ten sleeps in the patched function. */
function machine(tasks: number): Workload {
  const groups = tasks / 10;
  return {
    id: 'many',
    title: `${tasks} tasks`,
    description: 'Made for the benchmark.',
    cpus: 4,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks: Array.from({ length: groups }, (_, index) => ({
      comm: `worker-${index}`,
      kind: 'user' as const,
      count: 10,
      behaviour: {
        phases: [
          { do: 'user' as const, for: { min: 1000, max: 20_000 } },
          {
            do: 'sleep' as const,
            for: { min: 50_000, max: 30_000_000 },
            state: 'interruptible' as const,
            stack: ['__schedule', 'schedule', index % 10 === 0 ? 'sigsuspend' : 'do_epoll_wait', 'do_syscall_64'],
            syscall: index % 10 === 0 ? 'rt_sigsuspend' : 'epoll_wait',
          },
        ],
      },
    })),
  };
}

interface Frames {
  /** Of the page's own work in a frame. Milliseconds. */
  readonly median: number;
  readonly p95: number;
  /** From one frame to the next: what the whole browser achieves, without a graphics card. */
  readonly interval: number;
}

/** Runs in the page: notes how long the callbacks of each frame take while something goes on. */
const WATCH = `(() => {
  const work = [], times = [];
  const real = window.requestAnimationFrame.bind(window);
  let inFrame = 0, last = 0;
  window.requestAnimationFrame = (callback) => real((now) => {
    const begun = performance.now();
    callback(now);
    if (now !== last) { if (last) { work.push(inFrame); times.push(now - last); } inFrame = 0; last = now; }
    inFrame += performance.now() - begun;
  });
  window.framesDone = () => {
    const sort = (list) => list.slice().sort((a, b) => a - b);
    const [w, t] = [sort(work), sort(times)];
    work.length = times.length = 0;
    return { median: w[w.length >> 1] ?? 0, p95: w[Math.floor(w.length * 0.95)] ?? 0, interval: t[t.length >> 1] ?? 0 };
  };
})()`;

async function during(panel: PanelPage, seconds: number, act: () => Promise<void>): Promise<Frames> {
  await panel.page.evaluate('window.framesDone()');
  const until = Date.now() + seconds * 1000;
  do await act();
  while (Date.now() < until);
  return panel.page.evaluate('window.framesDone()') as Promise<Frames>;
}

async function main(dist: string, quick: boolean): Promise<void> {
  const harness = await PanelHarness.start();
  try {
    console.log(`${await edits(harness, dist, quick)}\n`);
    const rows: string[][] = [];
    for (const tasks of quick ? [400] : [400, 2000, 10_000]) {
      const panel = await harness.open({ width: 1400, height: 1000 });
      const { page } = panel;
      await page.evaluate(WATCH);
      const image = patchOf('sigsuspend');
      await panel.post(imagesMessage([image]));
      await page.locator('.timeline .row').first().waitFor();
      const workload = machine(tasks);
      const sent = Date.now();
      await panel.post({ type: 'machine', uri: 'file:///bench.json', workload, kernel: '6.12', notes: [] });
      await page.locator('.timeline .row', { hasText: 'worker-0' }).first().waitFor();
      const first = Date.now() - sent;
      // The forecast is made in slices beside what is measured otherwise.
      const { headline } = forecast(image, { kernel: '6.12', workload, seeds: 5 });
      await page.locator('.verdict h1', { hasText: headline }).waitFor({ timeout: 120_000 });
      const seconds = quick ? 1 : 4;
      await page.keyboard.press('Home');
      await page.keyboard.press(' ');
      const playing = await during(panel, seconds, () => page.waitForTimeout(200));
      await page.keyboard.press(' ');
      const zooming = await during(panel, seconds, async () => {
        for (const key of ['+', '+', '-', '-']) await page.keyboard.press(key);
      });
      const area = await page.locator('.scroller').boundingBox();
      await page.mouse.move((area?.x ?? 0) + 60, (area?.y ?? 0) + 100);
      const scrolling = await during(panel, seconds, async () => {
        await page.mouse.wheel(0, 120);
        await page.waitForTimeout(16);
      });
      const shown = ({ median, p95 }: Frames): string =>
        `${median.toFixed(1)} / ${p95.toFixed(1)} ms (${((100 * median) / FRAME).toFixed(0)} %)`;
      const rate = `${Math.round(1000 / playing.interval)}`;
      rows.push([String(tasks), `${first} ms`, shown(playing), rate, shown(zooming), shown(scrolling)]);
      await panel.close();
    }
    console.log(
      [
        'The page’s own work in each frame: median / 95th percentile, and the median’s share of a frame of 1/60 s. Chromium draws without a graphics card.',
        '',
        table(['Tasks', 'Machine to its run', 'Playing', 'Frames a second', 'Zooming', 'Scrolling'], rows),
      ].join('\n'),
    );
  } finally {
    await harness.stop();
  }
}

/** A key to its timeline, as a table. */
async function edits(harness: PanelHarness, dist: string, quick: boolean): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-bench-'));
  try {
    const busy = loadavg()[0] ?? 0;
    const rows: string[][] = [];
    for (const functions of quick ? [5] : [5, 500]) {
      const keys = quick ? 10 : 80;
      const workload = machine(400);
      const times = await editsToTimeline(harness, ourServer({ dist }), { folder, functions, workload, keys });
      rows.push([
        `${functions} functions, ${times.lines} lines`,
        ...[times.total.median, times.total.p95, times.total.most, times.server.median].map((time) =>
          figure(time, 'ms'),
        ),
        `${times.busy} of ${keys}`,
      ]);
    }
    return [
      '### A key in the module to the new timeline',
      '',
      'The bundled server over stdio, the page in Chromium, a machine with 400 tasks. From the key until the frame with the new timeline is drawn; the findings come before it. ' +
        `Other programs had work for ${busy.toFixed(1)} processors when it began; there are ${cpus().length}.`,
      '',
      table(['Module', 'Median', '95th percentile', 'Longest', 'Of it the server', 'During a forecast'], rows),
      '',
      '### Frames',
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [dist = '', ...flags] = process.argv.slice(2);
await main(dist, flags.includes('--quick'));
