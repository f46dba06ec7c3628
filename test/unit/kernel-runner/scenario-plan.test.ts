import { describe, expect, it } from 'vitest';
import type { PlanResult } from '../../../server/src/kernel-runner/guest-report.ts';
import { progressText, scenarioPlan, scenarioRecord } from '../../../server/src/kernel-runner/scenario-plan.ts';
import { judge } from '../../../shared/src/scenario/judge.ts';
import { scenarioOf, scenarioText } from '../scenario/scenarios.ts';

const STEPS = [
  { 'load-target': 'gate', parameters: { thread: 1, name: 'a' } },
  { start: 'held' },
  { load: 'lp', errno: 'EBUSY' },
  { expect: { patchState: { held: 0 } } },
  { wait: 'transition', limit: 30 },
  { wake: 'held', by: { file: '/proc/gate/open', value: '1' } },
  { kill: 'held' },
  { expect: { patchState: { held: 'gone' } } },
];
const scenario = scenarioOf(scenarioText(STEPS));

/** What a guest tells that carried out the first `done` steps of the plan, a second each. */
function resultOf(done: number, more: Partial<PlanResult> = {}): PlanResult {
  const seconds = (count: number) => 7_000_000 + count * 1_000_000;
  return {
    plan: 'test',
    release: '6.12.0',
    outcome: 'finished',
    steps: Array.from({ length: done }, (_, index) => ({
      index,
      startedAt: seconds(index),
      endedAt: seconds(index) + 400_000,
      errno: index === 2 ? -16 : 0,
      value: null,
    })),
    log: [
      { at: seconds(2), level: 5, text: "livepatch: enabling patch 'lp'", step: 2 },
      { at: seconds(2), level: 7, text: 'livepatch: klp_try_switch_task: a:1 is running', step: 2 },
      { at: seconds(2), level: 5, text: 'something else', step: 2 },
      { at: seconds(4), level: 5, text: 'livepatch: signaling remaining tasks', step: 4 },
    ],
    sysfs: [{ at: seconds(2) + 1, tree: { lp: '', 'lp/enabled': '1' } }],
    tasks: [
      { at: seconds(1) + 1, name: 'held', pid: 9, comm: 'held', state: 'D', patchState: -1, stack: [], said: [] },
      {
        at: seconds(2) + 1,
        name: 'held',
        pid: 9,
        comm: 'held',
        state: 'D',
        patchState: 0,
        stack: ['gate_wait [gate]'],
        said: ['read: EINTR'],
      },
      { at: seconds(2) + 1, name: null, pid: 1, comm: 'init', state: 'S', patchState: 0, stack: [], said: [] },
    ],
    endedAt: done >= 7 ? seconds(done) : null,
    dirt: null,
    ...more,
  };
}

describe('scenarioPlan', () => {
  it('gives the guest what each step asks for, and nothing for expectations', () => {
    expect(scenarioPlan('test', scenario).steps).toEqual([
      { do: 'insmod', file: '/modules/gate.ko', params: 'thread=1 name=a' },
      { do: 'start', name: 'held', what: 'read', argument: '/proc/gate/wait' },
      { do: 'insmod', file: '/modules/lp.ko', params: '' },
      { do: 'wait-quiet', limit: 30_000 },
      { do: 'wait', ms: 2000 },
      { do: 'write', path: '/proc/gate/open', value: '1' },
      { do: 'signal', name: 'held', signal: 9 },
    ]);
  });

  it('has time for its waits', () => {
    expect(scenarioPlan('test', scenario).limit).toBeGreaterThan(32_000);
  });
});

describe('progressText', () => {
  const begins = (index: number) => progressText(scenario, `{"type":"step","at":12,"index":${index}}`);

  it('says which step of the scenario begins', () => {
    expect(begins(0)).toBe('step 1 of 8: load-target gate thread=1 name=a');
    expect(begins(3)).toBe('step 5 of 8: wait for the transition');
    expect(begins(5)).toBe('step 6 of 8: wake held');
  });

  it('says nothing about the second half of a waiting, and about other lines', () => {
    expect(begins(4)).toBeNull();
    expect(begins(7)).toBeNull();
    expect(progressText(scenario, '{"type":"alive","at":1}')).toBeNull();
  });
});

describe('scenarioRecord', () => {
  const record = scenarioRecord(scenario, '6.12', resultOf(7));

  it('has a step for each of the scenario, in microseconds from the first', () => {
    expect(record).toMatchObject({ kernel: '6.12', by: '6.12.0', broken: null });
    expect(record.steps.map(({ at, until }) => [at / 1e6, until / 1e6])).toEqual([
      [0, 0.4],
      [1, 1.4],
      [2, 2.4],
      [2.4, 2.4],
      // The two seconds more are a step of the guest's, and not part of the waiting.
      [3, 3.4],
      [5, 5.4],
      [6, 6.4],
      [6.4, 6.4],
    ]);
  });

  it('tells lines of livepatch by their step, the tree, and the named tasks', () => {
    expect(record.steps[2]).toMatchObject({
      errno: -16,
      log: ["livepatch: enabling patch 'lp'"],
      sysfs: { 'lp/enabled': '1' },
      tasks: [{ name: 'held', patchState: 0, stack: ['gate_wait [gate]'], eintr: 1 }],
    });
    expect(record.steps[3]?.log).toEqual([]);
    expect(record.steps[4]?.log).toEqual(['livepatch: signaling remaining tasks']);
  });

  it('tells no addresses, which no two boots have in common', () => {
    const failed = (address: string) => ({
      ...{ at: 0, level: 3, step: 2 },
      text: `livepatch: Failed to construct shadow variable <${address}, 1> (-12)`,
    });
    const log = [failed('00000000c3f1a2b4'), failed('(____ptrval____)')];
    const told = scenarioRecord(scenario, '6.12', resultOf(7, { log })).steps[2]?.log;
    expect(told).toEqual(Array(2).fill('livepatch: Failed to construct shadow variable <%p, 1> (-12)'));
  });

  it('forgets a task that was killed', () => {
    expect(record.steps.at(-1)?.tasks).toEqual([]);
    expect(judge(scenario, record).failures).toEqual([]);
  });

  it('breaks off where the kernel did, and says why', () => {
    const log = [{ at: 1, level: null, text: 'BUG: kernel NULL pointer dereference, address: 0', step: 2 }];
    const crashed = scenarioRecord(scenario, '6.12', resultOf(2, { outcome: 'crashed', log }));
    expect(crashed.steps).toHaveLength(2);
    expect(crashed.broken).toBe('The kernel crashed at "load lp": BUG: kernel NULL pointer dereference, address: 0');
    expect(judge(scenario, crashed).failures.map(({ message }) => message)).toEqual([crashed.broken]);
  });

  it('calls an Oops trouble though all steps were carried out', () => {
    const log = [{ at: 1, level: 0, text: 'Oops: 0000 [#1]', step: 6 }];
    expect(scenarioRecord(scenario, '6.12', resultOf(7, { log })).broken).toContain('Oops');
  });
});
