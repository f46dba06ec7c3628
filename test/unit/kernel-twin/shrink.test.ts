import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStory } from '../../kernel/twin/random-story.ts';
import { shrink, smaller } from '../../kernel/twin/shrink.ts';
import { type Story, scenarioOf } from '../../kernel/twin/story.ts';

const CALLED = { object: 'vmlinux', funcs: ['cmdline_proc_show', 'uptime_proc_show'], callbacks: 'all' } as const;
const STORY: Story = {
  name: 'long',
  title: 'A long story',
  patches: {
    lp_one: { objects: [CALLED, { object: 'klp_target_a', funcs: ['klp_target_a_killable'] }], replace: true },
    lp_two: { objects: [CALLED], states: [{ id: 1, version: 1 }] },
  },
  targets: ['klp_target_a'],
  symbols: { uptime_proc_show: 1 },
  tasks: { reader: { does: 'read' }, other: { does: 'futex' } },
  steps: [
    { 'load-target': 'klp_target_a' },
    { start: 'reader' },
    { start: 'other' },
    { load: 'lp_one', parameters: { vmlinux_returns: 1 } },
    { wait: 'transition' },
    { load: 'lp_two' },
    { wait: 2 },
    { wait: 'transition' },
    { disable: 'lp_two' },
    { wait: 'transition' },
    { kill: 'reader' },
    { unload: 'lp_two' },
    { 'unload-target': 'klp_target_a' },
    { wait: 1 },
  ],
};

const shrunk = (story: Story, fails: (story: Story) => boolean, batch = 10) =>
  shrink(story, async (candidates) => candidates.map(fails), { batch });
const text = (story: Story) => JSON.stringify(story);

describe('shrinking', () => {
  it('leaves what the failure needs, and nothing else', async () => {
    const disables = ({ steps }: Story) => steps.some((step) => 'disable' in step);
    expect(await shrunk(STORY, disables)).toEqual({
      name: 'long',
      title: 'A long story',
      patches: { lp_two: { objects: [{ object: 'vmlinux', funcs: ['cmdline_proc_show'] }] } },
      steps: [{ load: 'lp_two' }, { wait: 2 }, { disable: 'lp_two' }, { wait: 'transition' }],
    });
  });

  it('keeps fields of a patch, callbacks and tasks that matter', async () => {
    const needs = (story: Story) =>
      story.patches.lp_one?.replace === true &&
      story.patches.lp_one.objects[0]?.callbacks === 'all' &&
      story.tasks?.reader !== undefined;
    const { patches, tasks, steps } = await shrunk(STORY, needs);
    expect(patches).toEqual({
      lp_one: {
        objects: [{ object: 'vmlinux', funcs: [expect.any(String)], callbacks: 'all' }],
        replace: true,
      },
    });
    expect(tasks).toEqual({ reader: { does: 'read' } });
    expect(steps).toEqual([{ start: 'reader' }, { load: 'lp_one' }, { wait: 'transition' }]);
  });

  it('gives the story back when nothing smaller fails', async () => {
    expect(await shrunk(STORY, () => false)).toBe(STORY);
  });

  it('asks about no more stories at once than it was told', async () => {
    const sizes: number[] = [];
    const stillFails = async (candidates: readonly Story[]) => {
      sizes.push(candidates.length);
      return candidates.map(() => false);
    };
    await shrink(STORY, stillFails, { batch: 7 });
    expect(Math.max(...sizes)).toBe(7);
    expect(sizes.length).toBeGreaterThan(2);
  });

  it('makes stories that can be played, each smaller, and keeps the waiting behind an action', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
        const story = randomStory(seed);
        for (const candidate of smaller(story)) {
          expect(() => scenarioOf(candidate)).not.toThrow();
          expect(text(candidate).length).toBeLessThan(text(story).length);
          const bare = candidate.steps.filter(
            (step, place) => 'load' in step && !('wait' in (candidate.steps[place + 1] ?? {})),
          );
          expect(bare).toEqual([]);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('always ends at a story of which no smaller one fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 5 }), async (seed, loads) => {
        const fails = ({ steps }: Story) => steps.filter((step) => 'load' in step).length >= loads;
        const story = randomStory(seed);
        fc.pre(fails(story));
        const least = await shrunk(story, fails);
        expect(fails(least)).toBe(true);
        expect(smaller(least).filter(fails)).toEqual([]);
      }),
      { numRuns: 10 },
    );
  });
});
