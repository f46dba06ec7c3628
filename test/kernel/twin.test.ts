import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ScenarioRecord } from '../../shared/src/scenario/record.ts';
import { KERNELS, RESULTS, ROOT } from './kernels.ts';
import { type Agreement, agreement, noAgreement } from './twin/agreement.ts';
import { playStory } from './twin/play-story.ts';
import { type Recording, recordingText } from './twin/recording.ts';
import { runStories } from './twin/run-stories.ts';
import { STORIES } from './twin/stories.ts';
import { type Story, scenarioOf, withOwnNames } from './twin/story.ts';

/** Only stories whose name matches, when the environment variable is set: for work on one. */
const ONLY = new RegExp(process.env.KLP_SCENARIOS ?? '');
/** Whether what the kernels do is written to test/fixtures/kernel-traces/, from which the unit tests play it. */
const RECORD = process.env.KLP_RECORD === '1';
/** Compares again what was recorded there, without any guest: the simulator or the comparison has changed. */
const AGAIN = process.env.KLP_AGAIN === '1';
const FOLDER = join(ROOT, 'test/fixtures/kernel-traces');

describe.each(KERNELS)('the twin and Linux %s', (version) => {
  const stories = STORIES.filter(({ name }) => ONLY.test(name)).map(withOwnNames);
  const agreements = new Map<string, Agreement>();

  beforeAll(async () => {
    const { release, records } = await (AGAIN ? recorded(version, stories) : runStories(version, stories));
    for (const [index, story] of stories.entries())
      agreements.set(story.name, await judge(version, story, records[index]));
    if (process.env.KLP_SCENARIOS === undefined) await report(version, release, agreements);
  }, 1_200_000);

  it.each(stories.map(({ name }) => name))('%s', (name) => {
    expect(agreements.get(name)?.differences).toEqual([]);
  });
});

async function recorded(
  version: string,
  stories: readonly Story[],
): Promise<{ release: string; records: readonly ScenarioRecord[] }> {
  const files = stories.map(({ name }) => readFile(join(FOLDER, `${name}.${version}.json`), 'utf8'));
  const records = (await Promise.all(files)).map((text) => (JSON.parse(text) as Recording).record);
  return { release: records[0]?.by ?? version, records };
}

async function judge(version: string, story: Story, kernel: ScenarioRecord | undefined): Promise<Agreement> {
  if (!kernel) return noAgreement('was not run');
  const scenario = scenarioOf(story);
  if (RECORD) {
    await writeFile(join(FOLDER, `${story.name}.${version}.json`), recordingText(story.name, scenario, kernel));
  }
  try {
    return agreement(scenario, kernel, playStory(story, kernel).record);
  } catch (error) {
    return noAgreement(error);
  }
}

async function report(version: string, release: string, agreements: ReadonlyMap<string, Agreement>): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const scenarios = [...agreements].map(([name, found]) => ({ name, ...found }));
  const file = join(RESULTS, `twin-${version}.json`);
  await writeFile(file, `${JSON.stringify({ version, release, scenarios }, null, 1)}\n`);
}
