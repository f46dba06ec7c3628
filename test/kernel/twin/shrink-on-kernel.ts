import { createHash } from 'node:crypto';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { type Agreement, agreement, noAgreement } from './agreement.ts';
import { livepatchSource } from './livepatch-source.ts';
import { playStory } from './play-story.ts';
import { runStories } from './run-stories.ts';
import { shrink } from './shrink.ts';
import { renamed, type Story, scenarioFile, scenarioOf } from './story.ts';
import { targetSource } from './target-source.ts';

/** Stories in one boot: about half a minute. */
const BATCH = 16;

/** How far a kernel's record and the simulator agree; a simulator that gives up does not. */
export function compared(story: Story | undefined, kernel: ScenarioRecord | undefined): Agreement {
  if (!story || !kernel) return noAgreement('was not run');
  try {
    return agreement(scenarioOf(story), kernel, playStory(story, kernel).record);
  } catch (error) {
    return noAgreement(error);
  }
}

/**
 * Makes a story on which kernel and simulator disagree as small as it gets: each smaller one runs on both. One counts when
 * at least one of its differences is one of the story's, whatever the step at which it shows.
 *
 * @param differences of the story itself, as agreement() tells them
 */
export function shrinkOnKernel(version: string, story: Story, differences: readonly string[]): Promise<Story> {
  const wanted = new Set(differences.map(kindOf));
  return shrink(
    story,
    async (candidates) => {
      const named = candidates.map(withSharedModules);
      const { records } = await runStories(version, named);
      return named.map((one, place) =>
        compared(one, records[place]).differences.some((text) => wanted.has(kindOf(text))),
      );
    },
    {
      batch: BATCH,
      progress: ({ name, steps }, asked) =>
        process.stderr.write(`${name} on Linux ${version}: ${steps.length} steps are left after ${asked} runs\n`),
    },
  );
}

/** A difference without its step, names of modules and numbers. */
function kindOf(difference: string): string {
  return difference
    .replace(/^\d+ [^:]*: /, '')
    .replace(/\blp_\w+/g, 'lp')
    .replace(/\d+/g, '#');
}

/** Module names that tell their text: stories that differ in their steps only share the modules of one build. */
function withSharedModules(story: Story): Story {
  return renamed(story, (module) => {
    const sketch = JSON.stringify(story.patches[module]);
    const mark = createHash('sha256').update(sketch).digest('hex').slice(0, 8);
    return module.replace(/^lp_/, `lp_${mark}_`);
  });
}

/** The story for `livepatch-ls verify`: texts by file name. */
export function storyFiles(story: Story): Record<string, string> {
  const sources = [
    ...Object.entries(story.patches).map(([name, sketch]) => livepatchSource(name, sketch)),
    ...(story.targets ?? []).map(targetSource),
  ];
  const texts = Object.assign({}, ...sources.map(({ files }) => files)) as Record<string, string>;
  return { [`${story.name}.klpsim.json`]: `${JSON.stringify(scenarioFile(story), null, 2)}\n`, ...texts };
}
