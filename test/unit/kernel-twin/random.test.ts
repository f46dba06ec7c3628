import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { agreement } from '../../kernel/twin/agreement.ts';
import { playStory } from '../../kernel/twin/play-story.ts';
import { readRecordingLine, recordingLine } from '../../kernel/twin/random-recording.ts';
import { randomStory } from '../../kernel/twin/random-story.ts';
import { scenarioOf, withOwnNames } from '../../kernel/twin/story.ts';

/** What real kernels did: `KLP_RECORD=1 npm run test:kernel:random -- N` adds to the first, disagreements to the second. */
const FOLDERS = ['random-traces', 'found-scenarios'].map((name) =>
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)),
);
const recorded = FOLDERS.filter(existsSync)
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .flatMap((file) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(readRecordingLine)
      .map((one) => [`${one.story.name} on ${one.record.kernel}`, one] as const),
  );

describe('the twin does what was recorded of a kernel with a random story', () => {
  it.each(recorded)('%s', (_, { story, record }) => {
    expect(agreement(scenarioOf(story), record, playStory(story, record).record).differences).toEqual([]);
  });
});

/** Microseconds. A step that does not wait and took longer hung in the kernel. */
const HUNG = 10_000_000;

describe('a kernel that waits for RCU tasks', () => {
  const hung = recorded.flatMap(([name, { story, record }]) => {
    const { steps } = scenarioOf(story);
    const place = record.steps.findIndex(
      ({ at, until }, index) => !steps[index]?.do.startsWith('wait') && until - at > HUNG,
    );
    return place < 0 ? [] : [{ name, story, record, place }];
  });

  it('was seen when a patch was disabled beside a task that is always in the kernel, and the twin tells of it', () => {
    expect(hung.map(({ name }) => name)).toEqual(['r160 on 6.12', 'r308 on 6.1']);
    for (const { name, story, record, place } of hung) {
      const { at = 0, until = 0 } = record.steps[place] ?? {};
      expect(scenarioOf(story).steps[place], name).toMatchObject({ do: 'write', value: '0' });
      const told = playStory(story, record).trace.events.filter((event) => event.type === 'finding');
      expect(told, name).toMatchObject([
        { id: 'rcu-tasks-stall', text: expect.stringMatching(/^task\d:\d+ is in the /) },
      ]);
      expect(told[0]?.at, name).toBeGreaterThanOrEqual(at);
      expect(told[0]?.at, name).toBeLessThanOrEqual(until);
    }
  });
});

describe('a line of the recordings', () => {
  it('holds all that is compared', () => {
    const story = withOwnNames(randomStory(7));
    const scenario = scenarioOf(story);
    const times = scenario.steps.map((_, place) => ({ at: place * 3_000_000, until: place * 3_000_000 + 2_500_000 }));
    const { record } = playStory(story, { kernel: '6.12', steps: times.map((time) => ({ ...EMPTY, ...time })) });
    const again = readRecordingLine(recordingLine(story, scenario, record));
    expect(again.story).toEqual(story);
    expect(agreement(scenario, again.record, record)).toEqual(agreement(scenario, record, record));
    expect(agreement(scenario, again.record, record).sysfsEntries).toBeGreaterThan(0);
  });
});

const EMPTY = { errno: 0, log: [], sysfs: {}, tasks: [] };

describe('the generator of random stories', () => {
  const seeds = Array.from({ length: 300 }, (_, i) => i + 1);
  const stories = seeds.map(randomStory);

  it('makes the same story from the same seed, and others from others', () => {
    expect(seeds.map(randomStory)).toEqual(stories);
    expect(new Set(stories.map(({ patches, steps }) => JSON.stringify([patches, steps]))).size).toBe(seeds.length);
  });

  it('makes scenario files', () => {
    for (const story of stories) expect(() => scenarioOf(withOwnNames(story)), story.name).not.toThrow();
  });

  it('waits after each load, and at the end', () => {
    for (const { name, steps } of stories) {
      const loads = steps.flatMap((step, index) => ('load' in step ? [steps[index + 1] ?? {}] : []));
      expect(
        loads.filter((next) => !('wait' in next)),
        name,
      ).toEqual([]);
      expect(steps.at(-1), name).toHaveProperty('wait');
    }
  });

  it('does not unload a target while a task sleeps in it, or is stopped there', () => {
    for (const { name, steps, tasks } of stories) {
      const inside = new Set<string>();
      for (const step of steps) {
        if ('start' in step && tasks?.[step.start]?.file) inside.add(step.start);
        if ('wake' in step) inside.delete(step.wake);
        if ('kill' in step) inside.delete(step.kill);
        if (!('unload-target' in step)) continue;
        const target = step['unload-target'];
        const left = [...inside].filter((task) => tasks?.[task]?.file?.startsWith(`/proc/${target}/`));
        expect(left, name).toEqual([]);
      }
    }
  });

  it('makes stories of every kind', () => {
    const steps = stories.flatMap((story) => story.steps);
    const verbs = new Set(steps.map((step) => Object.keys(step)[0]));
    const wanted = 'load unload load-target unload-target write disable force sysctl start watch wake kill signal wait';
    expect([...verbs].sort()).toEqual(wanted.split(' ').sort());
    const patches = stories.flatMap((story) => Object.values(story.patches));
    expect(patches.some(({ replace, states }) => replace && states)).toBe(true);
    const does = new Set(stories.flatMap(({ tasks }) => Object.values(tasks ?? {}).map((task) => task.does)));
    const all = 'accept calls epoll fork futex kernel-thread nanosleep pause poll read recv select semop';
    expect([...does].sort()).toEqual([...all.split(' '), 'sigwait', 'spin', 'stopped', 'traced', 'vfork', 'wait4']);
  });
});
