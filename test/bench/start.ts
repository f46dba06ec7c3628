import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BenchClient } from './client.ts';
import { generateModule } from './generated-module.ts';
import { median, shown, table } from './measure.ts';
import type { BenchServer } from './servers.ts';

/** From the start of the process to the first findings in a small module, for each server. */
export async function firstFindings(
  servers: readonly BenchServer[],
  folder: string,
  names: readonly string[],
  rounds: number,
): Promise<string> {
  const module = generateModule({ functions: 10 }, names);
  const file = join(folder, 'small.c');
  writeFileSync(file, module.text);
  const rows: string[][] = [];
  let ours = 0;
  for (const server of servers) {
    const time = await median(rounds, async () => {
      const client = new BenchClient(server);
      await client.initialize();
      await client.open(pathToFileURL(file).href, module.text);
      // The process is not waited for: what it does after its findings is not part of the figure.
      client.child.kill('SIGKILL');
      client.connection.dispose();
    });
    ours ||= time;
    rows.push([
      server.name,
      time === ours ? shown(time, 'ms') : `${shown(time, 'ms')} (${(time / ours).toFixed(2)} ×)`,
    ]);
  }
  return ['### Start to first findings', '', `A module of ${module.lines} lines.`, '', table(['', 'Time'], rows)].join(
    '\n',
  );
}
