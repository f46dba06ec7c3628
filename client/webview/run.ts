import { playChoice } from '../../shared/src/comparison/compare.ts';
import type { ModelChoice } from '../../shared/src/comparison/comparison-types.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import type { PanelAction } from '../../shared/src/panel-messages.ts';
import { groupLanes, type Lane, type LaneGroup, lanes } from '../../shared/src/picture/lanes.ts';
import { simulate } from '../../shared/src/simulator/simulate.ts';
import type { Action, Step } from '../../shared/src/simulator/step.ts';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { moments } from './moments.ts';
import type { LaidOver } from './verified-run.ts';

/** Something that happened to the machine as a whole. */
export interface RunMark {
  readonly at: number;
  readonly kind: 'signal' | 'step';
  readonly label: string;
}

/** One simulated run with everything that the views draw of it. */
export interface Run {
  readonly trace: Trace;
  readonly lanes: readonly Lane[];
  readonly groups: readonly LaneGroup[];
  /** Times that stepping stops at. */
  readonly moments: readonly number[];
  readonly marks: readonly RunMark[];
  /** What a real kernel did with the same scenario; null when none was asked. */
  readonly laidOver: LaidOver | null;
}

export interface RunOptions {
  readonly images: readonly PatchImage[];
  /** The patch that is loaded at 0. */
  readonly image: PatchImage;
  readonly kernel: string;
  readonly workload: Workload;
  readonly seed: number;
  readonly actions: readonly PanelAction[];
  /** Null: the kernel's own. Others load the patch and nothing else. */
  readonly model: ModelChoice | null;
}

/** What is done to the machine at a time leaves it at least this long to show what comes of it. */
const AFTERMATH = 60_000_000;

/** Simulates the load of the patch and what was done later. */
export function makeRun(options: RunOptions): Run {
  return runOf(options.model === null ? ownRun(options) : playChoice(options.model, options));
}

/** What the views draw of a trace. */
export function runOf(trace: Trace): Run {
  const all = lanes(trace);
  return { trace, lanes: all, groups: groupLanes(all), moments: moments(trace), marks: marks(trace), laidOver: null };
}

function ownRun(options: RunOptions): Trace {
  const last = options.actions.at(-1)?.at;
  return simulate({
    kernel: options.kernel,
    workload: options.workload,
    seed: options.seed,
    steps: steps(options),
    ...(last === undefined ? {} : { timeLimit: last + AFTERMATH }),
  });
}

/** Adds an action in its place in time; of those at one time the newest is the last. */
export function addAction(actions: readonly PanelAction[], action: PanelAction): PanelAction[] {
  const before = actions.filter(({ at }) => at <= action.at);
  const after = actions.filter(({ at }) => at > action.at);
  return [...before, action, ...after];
}

/** Actions that name a patch which the module does not have any more are left out. */
export function steps(options: Pick<RunOptions, 'images' | 'image' | 'actions'>): Step[] {
  const out: Step[] = [{ at: 0, do: 'load', image: options.image }];
  for (const action of options.actions) {
    if (action.do !== 'load') {
      out.push(action);
      continue;
    }
    const image = options.images.find(({ variable }) => variable === action.patch);
    if (image !== undefined) out.push({ at: action.at, do: 'load', image });
  }
  return out;
}

/** Signal rounds and steps; the load at the very beginning goes without saying. */
function marks(trace: Trace): RunMark[] {
  const out: RunMark[] = [];
  for (const event of trace.events) {
    if (event.type === 'pass' && event.signalled) out.push({ at: event.at, kind: 'signal', label: 'signals' });
    if (event.type === 'step' && event.at > 0) out.push({ at: event.at, kind: 'step', label: stepLabel(event.step) });
  }
  return out;
}

/** A step in a word or two, for the axis and for the list of what was done. */
export function stepLabel(step: Action): string {
  switch (step.do) {
    case 'load':
      return `load ${step.image.module}`;
    case 'unload':
      return `rmmod ${step.module}`;
    case 'load-target':
      return `load ${step.module}`;
    case 'unload-target':
      return `unload ${step.module}`;
    case 'sysctl':
    case 'set-parameter':
      return `${step.name} = ${step.value}`;
    case 'write':
      if (step.path.endsWith('/force')) return 'force';
      return step.value === '0' ? 'disable' : 'enable';
    case 'start':
    case 'wake':
      return `${step.do} ${step.task}`;
    case 'signal':
      return `kill -${step.signal} ${step.task}`;
  }
}
