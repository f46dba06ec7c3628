import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BenchClient } from './client.ts';
import type { GeneratedModule } from './generated-module.ts';
import { pause, quantile } from './measure.ts';
import type { BenchServer } from './servers.ts';

/** Nobody types faster. Milliseconds between an answer and the next key. */
const BETWEEN_KEYS = 20;
/** Keys before those that count: every server gets to the speed that it has after a while. */
const WARM_UP = 40;

export interface EditTimes {
  readonly server: BenchServer['name'];
  /** From opening the document to its first findings, in a server that runs. Milliseconds. */
  readonly open: number;
  /** From a key to its findings. */
  readonly median: number;
  readonly p95: number;
  /** Resident, after all of it, with this one document. MB. */
  readonly memory: number;
  readonly findings: number;
}

/**
 * Types digits into function bodies all over a module and takes them away again, one key at a time, each waited for. All
 * servers get the same keys, in turn, in the same run: whatever else the machine does hits all alike.
 */
export async function editTimes(
  servers: readonly BenchServer[],
  folder: string,
  module: GeneratedModule,
  keys: number,
): Promise<EditTimes[]> {
  const file = join(folder, 'edited.c');
  writeFileSync(file, module.text);
  const uri = pathToFileURL(file).href;
  const runs = await Promise.all(
    servers.map(async (server) => {
      const client = new BenchClient(server);
      await client.initialize();
      return { server, client, times: [] as number[], open: 0, findings: 0 };
    }),
  );
  for (const run of runs) {
    const start = performance.now();
    run.findings = await run.client.open(uri, module.text);
    run.open = performance.now() - start;
  }
  for (let key = 0; key < keys + WARM_UP; key++) {
    // A digit at one of the functions, and with the next key away again.
    const place = module.numbers[(Math.floor(key / 2) * 37) % module.numbers.length] as {
      line: number;
      character: number;
    };
    const isTyped = key % 2 === 0;
    const end = { line: place.line, character: place.character + (isTyped ? 0 : 1) };
    for (const { client, times } of runs) {
      await pause(BETWEEN_KEYS);
      const version = key + 2;
      const findings = client.findings(uri, version);
      const start = performance.now();
      void client.change(uri, version, [{ range: { start: place, end }, text: isTyped ? '1' : '' }]);
      await findings;
      if (key >= WARM_UP) times.push(performance.now() - start);
    }
  }
  const results = runs.map(({ server, client, times, open, findings }) => ({
    server: server.name,
    open,
    median: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    memory: client.memory(),
    findings,
  }));
  await Promise.all(runs.map(({ client }) => client.stop()));
  return results;
}
