import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PanelToHost } from '../../shared/src/panel-messages.ts';
import { IMAGES_CHANGED_NOTIFICATION, type ImagesChangedParams } from '../../shared/src/protocol.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { imagesMessage } from '../panel/images.ts';
import type { PanelHarness } from '../panel/panel-page.ts';
import { BenchClient } from './client.ts';
import { generateModule } from './generated-module.ts';
import { pause, quantile } from './measure.ts';
import type { BenchServer } from './servers.ts';

/** Keys before those that count: server and page get to the speed that they have after a while. */
const WARM_UP = 20;
/** No answer takes this long. Milliseconds. */
const LIMIT = 10_000;

export interface EditToTimeline {
  /** Lines of the module that is edited. */
  readonly lines: number;
  /** Keys whose timeline came while the page still worked at the forecast of the key before. */
  readonly busy: number;
  /** From the key to the images, which the server sends after the findings. Milliseconds, as all that follow. */
  readonly server: { readonly median: number; readonly p95: number };
  /** From the key until the page has drawn the new timeline. */
  readonly total: { readonly median: number; readonly p95: number; readonly most: number };
}

/**
 * Types a letter into the name of a replaced function and takes it away again: with each key the tasks that sleep in that
 * function are in the way or not, and the timeline is another. The server is the bundled one over stdio; what it sends goes
 * to the page as the extension would hand it on.
 */
export async function editsToTimeline(
  harness: PanelHarness,
  server: BenchServer,
  { folder, functions, workload, keys }: { folder: string; functions: number; workload: Workload; keys: number },
): Promise<EditToTimeline> {
  const last = Math.ceil(functions / 5) - 1;
  const names = Array.from({ length: last + 1 }, (_, index) => (index === last ? 'sigsuspend' : `work_${index}`));
  const module = generateModule({ functions }, names);
  const file = join(folder, 'edited.c');
  writeFileSync(file, module.text);
  const uri = pathToFileURL(file).href;

  const panel = await harness.open({ width: 1400, height: 1000 });
  const { page } = panel;
  const client = new BenchClient(server);
  try {
    let painted: () => void = () => {};
    let sent = 0;
    let images = 0;
    await page.exposeFunction('benchPainted', () => painted());
    // The page's own listener was there before, and so were the frames that it asks for.
    await page.evaluate(`addEventListener('message', ({ data }) => {
      if (data.type === 'images') requestAnimationFrame(() => window.benchPainted());
    })`);
    client.connection.onNotification(IMAGES_CHANGED_NOTIFICATION, (params: ImagesChangedParams) => {
      sent = performance.now();
      images++;
      void panel.post(imagesMessage(params.images, { uri, simulation: { ...params.simulation, seeds: 50 } }));
    });
    const paint = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('The page drew nothing.')), LIMIT);
        painted = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    await client.initialize({ livepatchClient: true });
    const first = paint();
    await client.open(uri, module.text);
    await first;
    await panel.post({ type: 'machine', uri: 'file:///bench.json', workload, kernel: '6.12', notes: [] });
    await page.locator('.timeline .row', { hasText: 'worker-0' }).first().waitFor();

    const toImages: number[] = [];
    const total: number[] = [];
    let busy = 0;
    const place = module.oldName;
    for (let key = 0; key < keys + WARM_UP; key++) {
      // Some keys come while the last one's forecast is made, others when it is long done.
      await pause(40 + ((key * 97) % 500));
      const isTyped = key % 2 === 0;
      const end = { line: place.line, character: place.character + (isTyped ? 0 : 1) };
      const drawn = paint();
      const wasBusy = (await page.locator('.verdict[aria-busy]').count()) > 0;
      const start = performance.now();
      void client.change(uri, key + 2, [{ range: { start: place, end }, text: isTyped ? 'x' : '' }]);
      await drawn;
      if (key < WARM_UP) continue;
      total.push(performance.now() - start);
      toImages.push(sent - start);
      if (wasBusy) busy++;
    }
    checkFollows(panel.said, images);
    return {
      lines: module.lines,
      busy,
      server: { median: quantile(toImages, 0.5), p95: quantile(toImages, 0.95) },
      total: { median: quantile(total, 0.5), p95: quantile(total, 0.95), most: Math.max(...total) },
    };
  } finally {
    await client.stop();
    await panel.close();
  }
}

/** Fast and wrong is not fast: with and without the letter the runs end at different times. */
function checkFollows(said: readonly PanelToHost[], images: number): void {
  const ends = new Set(said.flatMap((message) => (message.type === 'drawn' ? [message.end] : [])));
  if (images < 2 || ends.size < 2) throw new Error('The timeline did not follow the keys.');
}
