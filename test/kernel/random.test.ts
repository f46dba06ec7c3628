import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ScenarioRecord } from '../../shared/src/scenario/record.ts';
import { KERNELS, RESULTS, ROOT } from './kernels.ts';
import type { Agreement } from './twin/agreement.ts';
import { readRecordingLine, recordingLine } from './twin/random-recording.ts';
import { randomStory } from './twin/random-story.ts';
import { runStories } from './twin/run-stories.ts';
import { compared, shrinkOnKernel, storyFiles } from './twin/shrink-on-kernel.ts';
import { type Story, scenarioOf, withOwnNames } from './twin/story.ts';

/** How many fresh stories: see scripts/random-scenarios.mjs. None in an ordinary run of the suite. */
const COUNT = Number(process.env.KLP_RANDOM ?? '0');
const FIRST_SEED = Number(process.env.KLP_FIRST_SEED ?? '1');
const IN_ONE_BOOT = 25;
/** Whether what the kernels did is added to the recordings that the unit tests play. */
const RECORD = process.env.KLP_RECORD === '1';
/** Of how many stories that do not agree the smallest form is looked for and kept. */
const SHRINK = Number(process.env.KLP_SHRINK ?? '1');
/** Compares again what the kernels did in earlier runs, without any guest: the simulator or the comparison has changed. */
const AGAIN = process.env.KLP_AGAIN === '1';
/** What was found is kept here: the unit tests play it, too. */
const FOUND = join(ROOT, 'test/fixtures/found-scenarios');

type Row = { readonly seed: number; readonly date: string } & Agreement;

// What was not asked for is not there: a test that is skipped would count as failed.
describe.each(COUNT > 0 ? KERNELS : [])('random stories on Linux %s', (version) => {
  it(`agree from seed ${FIRST_SEED} to ${FIRST_SEED + COUNT - 1}`, async () => {
    const seeds = Array.from({ length: COUNT }, (_, i) => FIRST_SEED + i);
    const rows: Row[] = [];
    let release = version;
    // What was found is kept after each boot: a long run may be ended at any time.
    for (let from = 0; from < COUNT; from += IN_ONE_BOOT) {
      const some = seeds.slice(from, from + IN_ONE_BOOT);
      const stories = some.map((seed) => withOwnNames(randomStory(seed)));
      const ran = await runStories(version, stories);
      release = ran.release;
      const date = new Date().toISOString().slice(0, 10);
      const fresh = some.map((seed, index): Row => ({ seed, date, ...compared(stories[index], ran.records[index]) }));
      await addResults(version, release, fresh);
      await keep(version, stories, ran.records);
      rows.push(...fresh);
    }
    const sum = (field: 'steps' | 'logLines') => rows.reduce((total, row) => total + row[field], 0);
    const wrong = rows.filter(({ differences }) => differences.length > 0);
    process.stderr.write(
      `Linux ${release}: ${rows.length - wrong.length} of ${rows.length} random stories agree; ` +
        `${sum('steps')} steps, ${sum('logLines')} log lines\n`,
    );
    for (const { seed, differences } of wrong.slice(0, SHRINK)) await keepSmallest(version, seed, differences);
    expect(wrong.map(({ seed, differences }) => `seed ${seed}: ${differences.join('\n  ')}`).join('\n')).toBe('');
  }, 3_600_000);
});

describe.each(AGAIN ? KERNELS : [])('random stories that ran on Linux %s', (version) => {
  it('agree', async () => {
    const lines = (await readFile(join(RESULTS, `random-${version}.jsonl`), 'utf8')).trim().split('\n');
    const before = await resultsOf(version);
    const rows = lines.map(readRecordingLine).map(({ story, record }): Row => {
      const seed = Number(story.name.slice(1));
      const date = before?.seeds.find((row) => row.seed === seed)?.date ?? 'unknown';
      return { seed, date, ...compared(story, record) };
    });
    await addResults(version, before?.release ?? version, rows);
    const wrong = rows.filter(({ differences }) => differences.length > 0);
    process.stderr.write(`Linux ${version}: ${rows.length - wrong.length} of ${rows.length} random stories agree\n`);
    expect(wrong.map(({ seed, differences }) => `seed ${seed}: ${differences.join('\n  ')}`).join('\n')).toBe('');
  });
});

interface Results {
  readonly version: string;
  readonly release: string;
  readonly seeds: readonly Row[];
}

const resultsFile = (version: string) => join(RESULTS, `random-${version}.json`);

async function resultsOf(version: string): Promise<Results | null> {
  const file = resultsFile(version);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Results) : null;
}

/** The numbers of all seeds that were run so far; a seed that is run again replaces its old numbers. */
async function addResults(version: string, release: string, rows: readonly Row[]): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const before = (await resultsOf(version))?.seeds ?? [];
  const fresh = new Set(rows.map(({ seed }) => seed));
  const seeds = [...before.filter(({ seed }) => !fresh.has(seed)), ...rows].sort((a, b) => a.seed - b.seed);
  const results: Results = { version, release, seeds };
  await writeFile(resultsFile(version), `${JSON.stringify(results, null, 1)}\n`);
}

/** Writes what the kernel did to the cache, and to the fixtures when it is to be recorded. */
async function keep(version: string, stories: readonly Story[], records: readonly ScenarioRecord[]): Promise<void> {
  const lines = new Map<string, string>();
  for (const [index, story] of stories.entries()) {
    const record = records[index];
    if (record) lines.set(story.name, recordingLine(story, scenarioOf(story), record));
  }
  const files = [join(RESULTS, `random-${version}.jsonl`)];
  if (RECORD) files.push(join(ROOT, 'test/fixtures/random-traces', `${version}.jsonl`));
  for (const file of files) {
    const before = existsSync(file) ? (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '') : [];
    const kept = before.filter((line) => !lines.has(readRecordingLine(line).story.name));
    await writeFile(file, [...kept.map((line) => `${line}\n`), ...lines.values()].join(''));
  }
}

/**
 * Looks for the smallest story that shows the same and keeps what each kernel does with it, as a line that the unit tests
 * play; beside the results it is written as files for `livepatch-ls verify`.
 */
async function keepSmallest(version: string, seed: number, differences: readonly string[]): Promise<void> {
  const story = await shrinkOnKernel(version, randomStory(seed), differences);
  await mkdir(FOUND, { recursive: true });
  for (const kernel of KERNELS) {
    const { records } = await runStories(kernel, [story]);
    const [record] = records;
    if (record)
      await writeFile(join(FOUND, `${story.name}.${kernel}.jsonl`), recordingLine(story, scenarioOf(story), record));
  }
  const folder = join(RESULTS, 'found', story.name);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(storyFiles(story))) await writeFile(join(folder, name), text);
  process.stderr.write(`The smallest form of seed ${seed} is kept in ${FOUND}; to look at it: ${folder}\n`);
}
