/**
 * A fleet on the command line: hosts a second and memory, on one thread and on all. `fleet.js DIST CAPTURE PATCH [--quick]`
 * prints Markdown.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { shown, table } from './measure.ts';

const [dist = '', capture = '', patch = '', ...flags] = process.argv.slice(2);

/** As many hosts as asked for, each with the tasks of one recording. */
async function writeFleet(path: string, hosts: number): Promise<void> {
  const recording = readFileSync(capture, 'utf8').replaceAll('\n', '').slice(1);
  const out = createWriteStream(path);
  for (let host = 0; host < hosts; host++) {
    if (!out.write(`{"host":"host${host}",${recording}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

interface FleetRun {
  readonly seconds: number;
  /** Resident, at most. Megabytes. */
  readonly memory: number;
}

async function play(fleet: string, jobs: number): Promise<FleetRun> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [join(dist, 'cli.js'), 'simulate', '--fleet', fleet, '--jobs', String(jobs), '--format', 'summary', patch],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  let memory = 0;
  const watch = setInterval(() => {
    try {
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      memory = Math.max(memory, Number(peak ?? 0) / 1024);
    } catch {
      // It has ended.
    }
  }, 100);
  const [status] = await once(child, 'exit');
  clearInterval(watch);
  if (status !== 0) throw new Error(`livepatch-ls ended with exit status ${status}`);
  return { seconds: (performance.now() - started) / 1000, memory };
}

async function main(): Promise<void> {
  const quick = flags.includes('--quick');
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-bench-'));
  try {
    const rows: string[][] = [];
    let first: FleetRun | null = null;
    for (const hosts of quick ? [100] : [1000, 10_000]) {
      const fleet = join(folder, `${hosts}.jsonl`);
      await writeFleet(fleet, hosts);
      for (const jobs of [1, availableParallelism()]) {
        const run = await play(fleet, jobs);
        first ??= run;
        rows.push([
          `${hosts} hosts, ${jobs} ${jobs === 1 ? 'thread' : 'threads'}`,
          `${run.seconds.toFixed(1)} s`,
          String(Math.round(hosts / run.seconds)),
          `${shown(run.memory, 'MB')} (${(run.memory / first.memory).toFixed(1)} ×)`,
        ]);
      }
      rmSync(fleet);
    }
    const tasks = (JSON.parse(readFileSync(capture, 'utf8')) as { samples: { tasks: unknown[] }[] }).samples.at(
      -1,
    )?.tasks;
    console.log(
      [
        `Each host has the ${tasks?.length ?? 0} tasks of one recording and is played with 10 seeds.`,
        '',
        table(['', 'Time', 'Hosts a second', 'Memory at most'], rows),
      ].join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
