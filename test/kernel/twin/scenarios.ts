import type { Scenario } from './scenario.ts';
import { ENABLING } from './scenarios/enabling.ts';
import { STACKING } from './scenarios/stacking.ts';
import { TARGETS } from './scenarios/targets.ts';
import { TASKS } from './scenarios/tasks.ts';

/** Scenarios written by hand, each about one thing. */
export const SCENARIOS: readonly Scenario[] = [...ENABLING, ...TARGETS, ...STACKING, ...TASKS];
