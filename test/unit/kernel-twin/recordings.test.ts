import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ScenarioRecord, StepRecord } from '../../../shared/src/scenario/record.ts';
import { stepText } from '../../../shared/src/scenario/scenario.ts';
import { taskGroup } from '../../../shared/src/scenario/task-stacks.ts';
import { agreement } from '../../kernel/twin/agreement.ts';
import { playStory } from '../../kernel/twin/play-story.ts';
import type { Recording } from '../../kernel/twin/recording.ts';
import { STORIES } from '../../kernel/twin/stories.ts';
import { scenarioOf, withOwnNames } from '../../kernel/twin/story.ts';

/** What real kernels did: `KLP_RECORD=1 npm run test:kernel` writes it. */
const FOLDER = fileURLToPath(new URL('../../fixtures/kernel-traces', import.meta.url));
const recordings = readdirSync(FOLDER).map(
  (file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recording] as const,
);

const storyOf = (recording: Recording) => {
  const story = STORIES.find(({ name }) => name === recording.story);
  if (!story) throw new Error(`There is no story ${recording.story} any more: delete its recordings.`);
  return withOwnNames(story);
};

describe('the twin does what was recorded of a kernel', () => {
  it.each(recordings)('%s', (_, recording) => {
    const story = storyOf(recording);
    const scenario = scenarioOf(story);
    expect(scenario.steps.map(stepText), 'the story changed: record it again').toEqual(recording.steps);
    const { record } = recording;
    expect(agreement(scenario, record, playStory(story, record).record).differences).toEqual([]);
  });
});

describe('tasks sleep where the simulator takes them to sleep', () => {
  /** Functions of .sched.text, which /proc/PID/stack leaves out (in_sched_functions()). */
  const scheduler = new Set('__schedule schedule schedule_timeout schedule_hrtimeout_range_clock'.split(' '));
  for (const name of ['do_nanosleep', '__wait_for_common', 'wait_for_completion_state']) scheduler.add(name);

  it.each(recordings)('%s', (_, recording) => {
    const { tasks, steps } = scenarioOf(storyOf(recording));
    for (const [place, step] of steps.entries()) {
      if (step.do !== 'start' && step.do !== 'watch') continue;
      const task = tasks.get(step.task);
      if (!task) throw new Error(`${step.task} is no task of the story`);
      const [phase] = taskGroup(step.task, task, recording.record.kernel).behaviour.phases;
      if (phase?.do !== 'sleep') continue;
      const seen = recording.record.steps[place]?.tasks.find(({ name }) => name === step.task);
      expect(
        phase.stack.filter((frame) => !scheduler.has(frame)),
        step.task,
      ).toEqual(seen?.stack);
    }
  });
});

it('has a recording of every story on both kernels', () => {
  const names = recordings.map(([name]) => name);
  expect(names.sort()).toEqual(STORIES.flatMap(({ name }) => [`${name}.6.1`, `${name}.6.12`]).sort());
});

describe('the agreement', () => {
  const [, recording] = recordings.find(([name]) => name === 'epoll-gets-eintr.6.12') ?? [];
  if (!recording) throw new Error('the recording that these tests change is not there');
  const { record } = recording;
  const story = storyOf(recording);
  const { record: twin } = playStory(story, record);
  const last = record.steps.length - 1;
  const changed = (index: number, change: Partial<StepRecord>): ScenarioRecord => ({
    ...record,
    steps: record.steps.map((step, i) => (i === index ? { ...step, ...change } : step)),
  });
  const differences = (kernel: ScenarioRecord) => agreement(scenarioOf(story), kernel, twin).differences;

  it('counts what was compared', () => {
    const { steps, logLines, sysfsEntries, patchStates } = agreement(scenarioOf(story), record, twin);
    expect(steps).toBe(5);
    expect(logLines).toBe(record.steps.flatMap(({ log }) => log).length);
    expect(sysfsEntries).toBe(Object.keys(record.steps[last]?.sysfs ?? {}).length);
    expect(patchStates).toBe(2);
  });

  it('sees another errno', () => {
    expect(differences(changed(2, { errno: -16 }))).toEqual([expect.stringContaining('EBUSY')]);
  });

  it('sees a line that is missing, also one of a callback, and lines in another order', () => {
    const { log } = record.steps[2] ?? { log: [] };
    expect(differences(changed(2, { log: log.slice(1) }))).toHaveLength(1);
    const callbacks = record.steps.flatMap((step) => step.log).filter((line) => line.includes(': callback '));
    const silent = record.steps.map((step) => ({
      ...step,
      log: step.log.filter((line) => !line.includes(': callback ')),
    }));
    expect(callbacks.length).toBeGreaterThan(0);
    expect(differences({ ...record, steps: silent })).toHaveLength(callbacks.length);
    expect(differences(changed(2, { log: [...log].reverse() }))).not.toEqual([]);
  });

  it('sees another value in sysfs, and another patch_state', () => {
    const { sysfs, tasks } = record.steps[last] ?? { sysfs: {}, tasks: [] };
    const file = Object.keys(sysfs).find((path) => path.endsWith('/enabled')) ?? '';
    expect(differences(changed(last, { sysfs: { ...sysfs, [file]: '0' } }))).toEqual([
      expect.stringContaining(`sysfs "${file} = "0"", simulator "${file} = "1""`),
    ]);
    expect(differences(changed(last, { tasks: tasks.map((task) => ({ ...task, patchState: 1 })) }))).toHaveLength(2);
  });

  it('sees who got EINTR', () => {
    const { tasks } = record.steps[last] ?? { tasks: [] };
    expect(tasks.find(({ name }) => name === 'waiter')?.eintr).toBe(1);
    expect(differences(changed(last, { tasks: tasks.map((task) => ({ ...task, eintr: 0 })) }))).toEqual([
      expect.stringContaining('EINTR 0 times'),
    ]);
  });

  it('sees a kernel that did not come to the end', () => {
    const broken = { ...record, steps: record.steps.slice(0, 3), broken: 'The kernel crashed' };
    expect(differences(broken)).toContain('The kernel crashed');
  });
});
