import type { ScenarioRecord, StepRecord } from '../../../shared/src/scenario/record.ts';
import { type Scenario, stepText } from '../../../shared/src/scenario/scenario.ts';

/** What one kernel did with a story that is written by hand: a file of test/fixtures/kernel-traces/. */
export interface Recording {
  readonly format: 'livepatch-record-1';
  readonly story: string;
  /** Steps as they are listed, so that a story that changes is noticed. */
  readonly steps: readonly string[];
  readonly record: ScenarioRecord;
}

/**
 * The record without what nobody looks at: stacks are kept for the task that just began, sysfs and tasks after waiting
 * (before, the kernel still does what the simulator does at once).
 */
export function lean(scenario: Scenario, record: ScenarioRecord): ScenarioRecord {
  const steps = record.steps.map((done, place): StepRecord => {
    const step = scenario.steps[place];
    const waits = step?.do === 'wait' || step?.do === 'wait-transition';
    const begins = step?.do === 'start' || step?.do === 'watch' ? step.task : null;
    const tasks = done.tasks.filter(({ name }) => waits || name === begins);
    return {
      ...done,
      sysfs: waits ? done.sysfs : {},
      tasks: tasks.map((task) => (task.name === begins ? task : { ...task, stack: [] })),
    };
  });
  return { ...record, steps };
}

/** The recording as a file: a line for each step, so that a change can be read. */
export function recordingText(story: string, scenario: Scenario, record: ScenarioRecord): string {
  const { steps, ...head } = lean(scenario, record);
  const lines = steps.map((step) => JSON.stringify(step)).join(',\n');
  const names = JSON.stringify(scenario.steps.map(stepText));
  return `{"format":"livepatch-record-1","story":${JSON.stringify(story)},"steps":${names},\n"record":${JSON.stringify(head).slice(0, -1)},"steps":[\n${lines}\n]}}\n`;
}
