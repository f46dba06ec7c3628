import { compareRecords, differs } from '../../../shared/src/scenario/compare.ts';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { type Scenario, stepText } from '../../../shared/src/scenario/scenario.ts';

/** How far a kernel and the simulator agree on one scenario. */
export interface Agreement {
  readonly steps: number;
  readonly logLines: number;
  readonly sysfsEntries: number;
  readonly patchStates: number;
  /** Each in a line; empty when they agree. */
  readonly differences: readonly string[];
}

/** Compares and counts what was compared. A kernel that did not come to the end differs. */
export function agreement(scenario: Scenario, kernel: ScenarioRecord, simulator: ScenarioRecord): Agreement {
  const differences: string[] = [];
  const counts = { logLines: 0, sysfsEntries: 0, patchStates: 0 };
  for (const { from, rows, looked } of compareRecords(scenario, kernel, simulator, { callbacksAreTold: true })) {
    const first = scenario.steps[from];
    const place = `${from + 1} ${first ? stepText(first) : ''}`;
    for (const row of rows.filter(differs)) {
      const text = (side: string | null) => (side === null ? 'not there' : `"${side}"`);
      differences.push(`${place}: ${row.kind} ${text(row.kernel)}, simulator ${text(row.simulator)}`);
    }
    const state = looked === null ? undefined : kernel.steps[looked];
    counts.logLines += rows.filter((row) => row.kind === 'log' && row.kernel !== null).length;
    counts.sysfsEntries += Object.keys(state?.sysfs ?? {}).length;
    counts.patchStates += state?.tasks.length ?? 0;
  }
  if (kernel.broken !== null) differences.push(kernel.broken);
  return { steps: kernel.steps.length, ...counts, differences };
}

/** The agreement of a scenario that could not be compared. */
export function noAgreement(why: unknown): Agreement {
  const text = why instanceof Error ? why.message : String(why);
  return { steps: 0, logLines: 0, sysfsEntries: 0, patchStates: 0, differences: [text] };
}
