import type { ObjectSketch, ScenarioStep } from '../scenario.ts';

/** What the scenarios are written with. */

export const CMDLINE: ObjectSketch = { object: 'vmlinux', funcs: ['cmdline_proc_show'] };
export const CALLED: ObjectSketch = { ...CMDLINE, callbacks: 'all' };
export const A = 'klp_target_a';
export const B = 'klp_target_b';
export const inTarget = (target: string, ...functions: string[]): ObjectSketch => ({
  object: target,
  funcs: functions.map((name) => `${target}_${name}`),
  callbacks: 'all',
});

export const settle: ScenarioStep = { do: 'settle' };
export const load = (patch: string): ScenarioStep => ({ do: 'load', patch });
export const unload = (patch: string): ScenarioStep => ({ do: 'unload', patch });
export const target = (name: string, params?: string): ScenarioStep => ({
  do: 'load-target',
  target: name,
  ...(params === undefined ? {} : { params }),
});
export const untarget = (name: string): ScenarioStep => ({ do: 'unload-target', target: name });
export const write = (path: string, value: string): ScenarioStep => ({ do: 'write', path, value });
export const wait = (seconds: number): ScenarioStep => ({ do: 'wait', seconds });
export const disable = (patch: string): ScenarioStep => write(`${patch}/enabled`, '0');
export const hold = (task: string, what: string, name = A): ScenarioStep => ({
  do: 'start',
  task,
  what: 'read',
  argument: `/proc/${name}/${what}`,
});
export const open = (name = A): ScenarioStep => ({ do: 'open-gate', target: name });

/** Load, let the transition end, disable, let it end, unload. */
export const life = (patch: string): ScenarioStep[] => [load(patch), settle, disable(patch), settle, unload(patch)];
