import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TASK_DOINGS } from '../../../server/src/kernel-runner/guest-plan.ts';
import { readScenario } from '../../../server/src/scenario/read-scenario.ts';
import { type ScenarioAction, TASK_ACTIVITIES } from '../../../shared/src/scenario/scenario.ts';
import { SCENARIO_SCHEMA, type Schema } from '../../../shared/src/scenario/schema.ts';
import { scenarioText } from './scenarios.ts';

const steps = SCENARIO_SCHEMA.properties?.steps?.items?.anyOf ?? [];

/** A step of each shape, and what the reader makes of it. */
const EXAMPLES: readonly { readonly step: object; readonly is: ScenarioAction['do'] }[] = [
  { step: { load: 'lp', parameters: { a: 1 }, returns: { vmlinux: -1 } }, is: 'load' },
  { step: { unload: 'lp' }, is: 'unload' },
  { step: { write: 'lp/enabled', value: '0' }, is: 'write' },
  { step: { disable: 'lp' }, is: 'write' },
  { step: { force: 'lp' }, is: 'write' },
  { step: { 'load-target': 'gate', parameters: { thread: 1 } }, is: 'load-target' },
  { step: { 'unload-target': 'gate' }, is: 'unload-target' },
  { step: { start: 'reader' }, is: 'start' },
  { step: { watch: 'thread' }, is: 'watch' },
  { step: { wake: 'reader', by: { file: '/f', value: '1' } }, is: 'wake' },
  { step: { kill: 'reader' }, is: 'signal' },
  { step: { signal: 'reader', name: 'STOP' }, is: 'signal' },
  { step: { wait: 'transition', limit: 5 }, is: 'wait-transition' },
  { step: { sysctl: 'kernel.ftrace_enabled', value: '0' }, is: 'sysctl' },
  {
    step: {
      expect: {
        log: ['a'],
        noLog: ['b'],
        callbacks: ['pre_patch vmlinux'],
        sysfs: { lp: null },
        patchState: { reader: -1 },
        blocked: {},
        eintr: { reader: 0 },
        took: { atLeast: 1, atMost: 2 },
      },
    },
    is: 'expect',
  },
];

describe('the schema of scenario files', () => {
  it('is the one that editors get: npm run schema writes it', () => {
    const file = join(import.meta.dirname, '../../../schemas/klpsim.schema.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(SCENARIO_SCHEMA)));
  });

  it('has an example here for each step and each of its keys', () => {
    const seen = new Map<string, Set<string>>();
    for (const { step } of EXAMPLES) seen.set(Object.keys(step)[0] ?? '', new Set(Object.keys(step)));
    expect([...seen.keys()]).toEqual(steps.map(({ required }) => required?.[0]));
    for (const shape of steps) {
      const keys = Object.keys(shape.properties ?? {}).filter((key) => key !== 'errno');
      expect([...(seen.get(shape.required?.[0] ?? '') ?? [])]).toEqual(keys);
    }
  });

  it.each(EXAMPLES)('is read: $is from $step', ({ step, is }) => {
    const before = [{ load: 'lp' }, { 'load-target': 'gate' }, ...('start' in step ? [] : [{ start: 'reader' }])];
    const { scenario, errors } = readScenario(scenarioText([...before, step]));
    expect(errors).toEqual([]);
    expect(scenario?.steps.at(-1)?.do).toBe(is);
    if ('expect' in step) {
      const last = scenario?.steps.at(-1);
      expect(last?.do === 'expect' && Object.keys(last.expect)).toEqual(Object.keys(step.expect as object));
    }
  });

  it('describes every key', () => {
    const bare: string[] = [];
    const visit = (schema: Schema, path: string): void => {
      for (const [key, value] of Object.entries(schema.properties ?? {})) {
        if (!value.description && key !== '$schema' && !(path.endsWith('sysctl') && key === 'value'))
          bare.push(`${path}.${key}`);
        visit(value, `${path}.${key}`);
      }
      if (schema.items) visit(schema.items, path);
      if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, path);
      for (const each of schema.anyOf ?? []) visit(each, `${path}.${each.required?.[0] ?? ''}`);
    };
    visit(SCENARIO_SCHEMA, '');
    expect(bare).toEqual([]);
  });

  it('names what the guest can do, and kernel threads', () => {
    const program = readFileSync(join(import.meta.dirname, '../../../server/src/kernel-runner/guest/task.c'), 'utf8');
    const known = [...program.matchAll(/\{ "([a-z0-9]+)", do_\w+ \}/g)].map(([, name]) => name);
    expect([...TASK_DOINGS].sort()).toEqual(known.sort());
    expect([...TASK_ACTIVITIES]).toEqual([...TASK_DOINGS, 'kernel-thread']);
  });
});
