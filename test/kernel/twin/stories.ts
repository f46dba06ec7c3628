import { ENABLING } from './stories/enabling.ts';
import { MEANWHILE } from './stories/meanwhile.ts';
import { STACKING } from './stories/stacking.ts';
import { TARGETS } from './stories/targets.ts';
import { TASKS } from './stories/tasks.ts';
import type { Story } from './story.ts';

/** Stories written by hand, each about one thing. */
export const STORIES: readonly Story[] = [...ENABLING, ...TARGETS, ...STACKING, ...TASKS, ...MEANWHILE];
