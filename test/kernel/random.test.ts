import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KERNELS, RESULTS, ROOT } from './kernels.ts';
import { type Comparison, compare } from './twin/compare.ts';
import { twinRecording } from './twin/on-twin.ts';
import { compactLine, type RandomRecording } from './twin/random-recording.ts';
import { randomScenario } from './twin/random-scenario.ts';
import { recordingOf } from './twin/recording.ts';
import { runScenarios } from './twin/run-scenarios.ts';
import { withOwnNames } from './twin/scenario.ts';

/** How many fresh scenarios: see scripts/random-scenarios.mjs. None in an ordinary run of the suite. */
const COUNT = Number(process.env.KLP_RANDOM ?? '0');
const FIRST_SEED = Number(process.env.KLP_FIRST_SEED ?? '1');
/** Whether those that agree are added to the recordings that the unit tests play. */
const RECORD = process.env.KLP_RECORD === '1';

type Row = { readonly seed: number } & Comparison;

describe.runIf(COUNT > 0).each(KERNELS)('random scenarios on Linux %s', (version) => {
  it(`agree from seed ${FIRST_SEED} to ${FIRST_SEED + COUNT - 1}`, async () => {
    const seeds = Array.from({ length: COUNT }, (_, i) => FIRST_SEED + i);
    const scenarios = seeds.map(randomScenario);
    const { release, results } = await runScenarios(version, scenarios);
    const rows: Row[] = [];
    const lines = new Map<string, string>();
    for (const [index, scenario] of scenarios.entries()) {
      const seed = seeds[index] ?? 0;
      const result = results[index];
      const own = withOwnNames(scenario);
      try {
        if (!result) throw new Error('was not run');
        const real = recordingOf(own, version, result);
        rows.push({ seed, ...compare(real, twinRecording(own, real)) });
        lines.set(own.name, compactLine(own, real));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        rows.push({ seed, steps: 0, logLines: 0, sysfsEntries: 0, patchStates: 0, differences: [text] });
      }
    }
    await addResults(version, release, rows);
    if (RECORD) await addRecordings(version, lines);
    const sum = (field: 'steps' | 'logLines') => rows.reduce((total, row) => total + row[field], 0);
    const wrong = rows.filter(({ differences }) => differences.length > 0);
    process.stderr.write(
      `Linux ${release}: ${rows.length - wrong.length} of ${rows.length} random scenarios agree; ` +
        `${sum('steps')} steps, ${sum('logLines')} log lines\n`,
    );
    expect(wrong.map(({ seed, differences }) => `seed ${seed}: ${differences.join('\n  ')}`).join('\n')).toBe('');
  }, 3_600_000);
});

/** The numbers of all seeds that were run so far; a seed that is run again replaces its old numbers. */
async function addResults(version: string, release: string, rows: readonly Row[]): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const file = join(RESULTS, `random-${version}.json`);
  const before = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as { seeds: Row[] }).seeds : [];
  const fresh = new Set(rows.map(({ seed }) => seed));
  const seeds = [...before.filter(({ seed }) => !fresh.has(seed)), ...rows].sort((a, b) => a.seed - b.seed);
  await writeFile(file, `${JSON.stringify({ version, release, date: new Date().toISOString(), seeds }, null, 1)}\n`);
}

async function addRecordings(version: string, lines: ReadonlyMap<string, string>): Promise<void> {
  const file = join(ROOT, 'test/fixtures/random-traces', `${version}.jsonl`);
  const before = existsSync(file) ? (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '') : [];
  const kept = before.filter((line) => !lines.has((JSON.parse(line) as RandomRecording).scenario.name));
  await writeFile(file, [...kept.map((line) => `${line}\n`), ...lines.values()].join(''));
}
