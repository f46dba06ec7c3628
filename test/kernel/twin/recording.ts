import type { GuestPlan, GuestStep } from '../../../server/src/kernel-runner/guest-plan.ts';
import type { PlanResult, TaskSnapshot } from '../../../server/src/kernel-runner/guest-report.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';
import { stepText } from './scenario.ts';

/** What one kernel did with one scenario. Plain JSON; kept in test/fixtures/kernel-traces/. */
export interface Recording {
  readonly format: 'livepatch-recording-1';
  readonly scenario: string;
  /** `6.12`. */
  readonly kernel: string;
  /** `uname -r`. */
  readonly release: string;
  readonly steps: readonly RecordedStep[];
}

export interface RecordedStep {
  readonly step: string;
  /** Microseconds since the first step. */
  readonly at: number;
  readonly until: number;
  readonly errno: number;
  /** Lines of kernel/livepatch and of callbacks, from the step's start to the next one's. */
  readonly log: readonly string[];
  /** /sys/kernel/livepatch after it. */
  readonly sysfs: Readonly<Record<string, string>>;
  readonly tasks: readonly RecordedTask[];
}

export interface RecordedTask {
  readonly name: string;
  readonly state: string;
  readonly patchState: number;
  /** Innermost first; only in the step with which the task appears. */
  readonly stack: readonly string[];
  /** Its system calls that returned EINTR so far. */
  readonly eintr: number;
}

/** Milliseconds of guest time that a scenario may take. */
const LIMIT = 300_000;
/** Milliseconds: a transition that nobody ends goes on for ever, and a scenario does not wait that long. */
const SETTLE_LIMIT = 60_000;
/** Milliseconds after a transition's end until the next step: passes come each second, at a time that differs. */
const SETTLE_SLACK = 2_000;

/** The plan that plays a scenario in a guest. Each step of the scenario is one of the plan; `settle` is two. */
export function scenarioPlan(scenario: Scenario): GuestPlan {
  return {
    name: scenario.name,
    limit: LIMIT,
    steps: scenario.steps.flatMap(guestSteps),
  };
}

function guestSteps(step: ScenarioStep): GuestStep[] {
  switch (step.do) {
    case 'load':
      return [{ do: 'insmod', file: `/modules/${step.patch}.ko` }];
    case 'load-target':
      return [{ do: 'insmod', file: `/modules/${step.target}.ko`, params: step.params ?? '' }];
    case 'unload':
      return [{ do: 'rmmod', module: step.patch, patience: 0 }];
    case 'unload-target':
      return [{ do: 'rmmod', module: step.target, patience: 0 }];
    case 'write':
      return [{ do: 'write', path: `/sys/kernel/livepatch/${step.path}`, value: step.value }];
    case 'sysctl':
      return [{ do: 'write', path: `/proc/sys/${step.name.replaceAll('.', '/')}`, value: step.value }];
    case 'start':
      return [
        {
          do: 'start',
          name: step.task,
          what: step.what,
          ...(step.argument === undefined ? {} : { argument: step.argument }),
        },
      ];
    case 'watch':
      return [{ do: 'watch', name: step.task }];
    case 'open-gate':
      return [{ do: 'write', path: `/proc/${step.target}/gate`, value: '1' }];
    case 'wait':
      return [{ do: 'wait', ms: step.seconds * 1000 }];
    case 'settle':
      return [
        { do: 'wait-quiet', limit: SETTLE_LIMIT },
        { do: 'wait', ms: SETTLE_SLACK },
      ];
  }
}

/**
 * Makes a recording of what a guest did with scenarioPlan(). Throws when the plan was not carried out to its end: such a
 * scenario is not one.
 */
export function recordingOf(scenario: Scenario, kernel: string, result: PlanResult): Recording {
  const guest = scenarioPlan(scenario).steps;
  if (result.outcome !== 'finished' || result.steps.length !== guest.length) {
    const last = result.log.slice(-15).map((line) => line.text);
    throw new Error(`${scenario.name} on ${kernel}: ${result.outcome}\n${last.join('\n')}`);
  }
  const start = result.steps[0]?.startedAt ?? 0;
  const steps: RecordedStep[] = [];
  let next = 0;
  for (const step of scenario.steps) {
    const first = next;
    next += guestSteps(step).length;
    const at = result.steps[first]?.startedAt ?? 0;
    const until = result.steps[next]?.startedAt ?? result.endedAt ?? 0;
    const settled = result.steps[next - 1]?.endedAt ?? until;
    const isOfStep = (line: { step: number }) => line.step >= first && line.step < next;
    steps.push({
      step: stepText(step),
      at: at - start,
      until: settled - start,
      errno: result.steps[first]?.errno ?? 0,
      log: result.log.filter((line) => isOfStep(line) && isTold(line.text)).map((line) => line.text),
      sysfs: result.sysfs.findLast((snapshot) => snapshot.at <= until)?.tree ?? {},
      tasks: lastOf(
        result.tasks.filter((task) => task.at <= until),
        step.do === 'start' || step.do === 'watch' ? step.task : null,
      ),
    });
  }
  return { format: 'livepatch-recording-1', scenario: scenario.name, kernel, release: result.release, steps };
}

/** Whether a line of the log is compared. */
export function isTold(line: string): boolean {
  return (line.startsWith('livepatch: ') && !line.startsWith('livepatch: klp_try_switch_task: ')) || isCallback(line);
}

function isCallback(line: string): boolean {
  return /^\w+: callback \w+ \w+$/.test(line);
}

/** The last look at each task; with its stack for the one that just appeared. */
function lastOf(snapshots: readonly TaskSnapshot[], fresh: string | null): RecordedTask[] {
  const tasks = new Map<string, RecordedTask>();
  for (const { name, state, patchState, stack, said } of snapshots) {
    if (name === null) continue;
    const eintr = said.filter((text) => text.endsWith(': EINTR')).length;
    tasks.set(name, { name, state, patchState, stack: name === fresh ? stack : [], eintr });
  }
  return [...tasks.values()];
}

/** The recording as a file: a line for each step, so that a change can be read. */
export function recordingText({ steps, ...head }: Recording): string {
  const lines = steps.map((step) => JSON.stringify(step)).join(',\n');
  return `${JSON.stringify(head).slice(0, -1)},"steps":[\n${lines}\n]}\n`;
}
