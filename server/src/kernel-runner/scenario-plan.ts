import { ERRNO, errnoName } from '../../../shared/src/scenario/errno-names.ts';
import { isTold, type ScenarioRecord, type StepRecord, type TaskRecord } from '../../../shared/src/scenario/record.ts';
import {
  parameterList,
  type Scenario,
  type ScenarioStep,
  SETTLE_SECONDS,
  SIGNALS,
  stepText,
} from '../../../shared/src/scenario/scenario.ts';
import { type GuestPlan, type GuestStep, TASK_DOINGS } from './guest-plan.ts';
import type { PlanResult, TaskSnapshot } from './guest-report.ts';
import { findTroubles } from './kernel-log.ts';

/** Milliseconds of the guest's time that a step may take, besides those that it is to wait. */
const STEP_LIMIT = 20_000;

/** The plan that plays a scenario in a guest, whose modules stand in /modules. Steps that only look are none of it. */
export function scenarioPlan(name: string, scenario: Scenario): GuestPlan {
  const waits = scenario.steps.map((step) =>
    step.do === 'wait' ? step.seconds : step.do === 'wait-transition' ? step.limit + SETTLE_SECONDS : 0,
  );
  const limit = waits.reduce((sum, seconds) => sum + seconds * 1000 + STEP_LIMIT, 0);
  return { name, limit, stepLimit: STEP_LIMIT, steps: scenario.steps.flatMap((step) => guestSteps(scenario, step)) };
}

/** What a line of the guest's report says about its progress, for people: `step 3 of 9: load lp`. Null when nothing. */
export function progressText(scenario: Scenario, line: string): string | null {
  const begun = /^\{"type":"step","at":\d+,"index":(\d+)\}$/.exec(line.trim())?.[1];
  if (begun === undefined) return null;
  let next = 0;
  for (const [place, step] of scenario.steps.entries()) {
    const count = guestSteps(scenario, step).length;
    if (count > 0 && next === Number(begun)) return `step ${place + 1} of ${scenario.steps.length}: ${stepText(step)}`;
    next += count;
  }
  return null;
}

/** For each step of a scenario the place of its first among the steps of the plan. */
export function stepPlaces(scenario: Scenario): number[] {
  let next = 0;
  return scenario.steps.map((step) => {
    const first = next;
    next += guestSteps(scenario, step).length;
    return first;
  });
}

function guestSteps(scenario: Scenario, step: ScenarioStep): GuestStep[] {
  switch (step.do) {
    case 'load':
      return [{ do: 'insmod', file: `/modules/${step.module}.ko`, params: parameterList(step.parameters).join(' ') }];
    case 'load-target':
      return [{ do: 'insmod', file: `/modules/${step.target}.ko`, params: parameterList(step.parameters).join(' ') }];
    case 'unload':
      return [{ do: 'rmmod', module: step.module, patience: 0 }];
    case 'unload-target':
      return [{ do: 'rmmod', module: step.target, patience: 0 }];
    case 'write':
      return [{ do: 'write', path: `/sys/kernel/livepatch/${step.path}`, value: step.value }];
    case 'sysctl':
      return [{ do: 'write', path: `/proc/sys/${step.name.replaceAll('.', '/')}`, value: step.value }];
    case 'start':
      return [start(scenario, step.task)];
    case 'watch':
      return [{ do: 'watch', name: step.task }];
    case 'wake':
      return [step.by ? { do: 'write', ...step.by } : { do: 'release', name: step.task }];
    case 'signal':
      return [{ do: 'signal', name: step.task, signal: SIGNALS[step.signal] }];
    case 'wait':
      return [{ do: 'wait', ms: Math.round(step.seconds * 1000) }];
    case 'wait-transition':
      return [
        { do: 'wait-quiet', limit: Math.round(step.limit * 1000) },
        { do: 'wait', ms: SETTLE_SECONDS * 1000 },
      ];
    case 'expect':
      return [];
  }
}

function start(scenario: Scenario, name: string): GuestStep {
  const task = scenario.tasks.get(name);
  const what = TASK_DOINGS.find((doing) => doing === task?.does);
  if (!task || !what) throw new Error(`The guest's helper program can't do what ${name} does.`);
  const argument = task.file ?? (task.seconds === null ? null : String(task.seconds));
  return { do: 'start', name, what, ...(argument === null ? {} : { argument }) };
}

/** What a guest did with scenarioPlan(), in the form that the simulator's is in. A crash is a record that breaks off. */
export function scenarioRecord(scenario: Scenario, kernel: string, result: PlanResult): ScenarioRecord {
  const origin = result.steps[0]?.startedAt ?? 0;
  const steps: StepRecord[] = [];
  const killed = new Set<string>();
  let next = 0;
  for (const step of scenario.steps) {
    const first = next;
    next += guestSteps(scenario, step).length;
    const started = result.steps[first];
    if (step.do === 'expect') {
      const before = steps.at(-1);
      if (!before) break;
      steps.push({ ...before, at: before.until, errno: 0, log: [] });
      continue;
    }
    if (!started || started.errno === null) break;
    if (step.do === 'signal' && step.signal === 'KILL') killed.add(step.task);
    const until = result.steps[next]?.startedAt ?? result.endedAt ?? Number.MAX_SAFE_INTEGER;
    const isOfStep = (line: { step: number }): boolean => line.step >= first && line.step < next;
    steps.push({
      at: started.startedAt - origin,
      until: (started.endedAt ?? started.startedAt) - origin,
      errno: started.errno,
      log: result.log.filter((line) => isOfStep(line) && isTold(line.text)).map(({ text }) => withoutPointers(text)),
      sysfs: result.sysfs.findLast(({ at }) => at <= until)?.tree ?? {},
      tasks: lastOf(result.tasks.filter(({ at }) => at <= until)).filter(({ name }) => !killed.has(name)),
    });
  }
  return { kernel, by: result.release, broken: brokenText(scenario, result, steps.length), steps };
}

/** As the simulator has them: an address is another one in each boot, and hashed (shadow.c prints some). */
const withoutPointers = (text: string): string => text.replace(/<(?:[0-9a-f]{16}|\(_*ptrval_*\)), /, '<%p, ');

function brokenText(scenario: Scenario, result: PlanResult, done: number): string | null {
  const [trouble] = findTroubles(result.log);
  const why = trouble ? `: ${trouble.text}` : '';
  if (result.outcome === 'finished' && done === scenario.steps.length) {
    return trouble && trouble.kind !== 'warning' ? `The kernel is in trouble${why}` : null;
  }
  const reached = scenario.steps[done] ?? scenario.steps.at(-1);
  const at = reached ? ` at "${stepText(reached)}"` : '';
  const how = {
    finished: `did not come to the end (${errnoName(-ERRNO.EIO)})`,
    killed: 'killed the process that carried the steps out',
    hung: 'hung',
    crashed: 'crashed',
    silent: 'said nothing any more',
    overtime: 'did not come to the end in time',
  }[result.outcome];
  return `The kernel ${how}${at}${why}`;
}

/** The newest look at each named task. */
function lastOf(snapshots: readonly TaskSnapshot[]): TaskRecord[] {
  const tasks = new Map<string, TaskRecord>();
  for (const { name, patchState, stack, said } of snapshots) {
    if (name === null) continue;
    tasks.set(name, { name, patchState, stack, eintr: said.filter((text) => text.endsWith(': EINTR')).length });
  }
  return [...tasks.values()];
}
