import type { Recording } from './recording.ts';
import type { Scenario } from './scenario.ts';

/** A line of test/fixtures/random-traces/: the scenario is in it, so that its generator may change. */
export interface RandomRecording {
  readonly scenario: Scenario;
  readonly recording: Recording;
}

/** What a kernel did with a random scenario, in a line, without what compare() does not look at. */
export function compactLine(scenario: Scenario, recording: Recording): string {
  const steps = recording.steps.map((step, index) => {
    const kind = scenario.steps[index]?.do;
    if (kind === 'wait' || kind === 'settle') return step;
    return { ...step, sysfs: {}, tasks: kind === 'start' ? step.tasks : [] };
  });
  return `${JSON.stringify({ scenario, recording: { ...recording, steps } } satisfies RandomRecording)}\n`;
}
