import type { PatchImage } from '../model/index.ts';
import { REPLACE_POLICIES } from '../simulator/replace/index.ts';
import { simulate } from '../simulator/simulate.ts';
import type { Action, Step } from '../simulator/step.ts';
import type { Trace } from '../simulator/trace.ts';
import type { Workload } from '../simulator/workload.ts';
import { type OperationCost, operationCosts } from './operation-costs.ts';
import { type UnfixedTime, unfixedTimes } from './unfixed.ts';

/**
 * Ways of bringing a new patch to a machine on which others are loaded: what kernels and proposals do with them (replace
 * policies), and what people's tools do before they load it (orders of steps).
 */
export interface PolicyComparison {
  readonly format: 'livepatch-policies-1';
  readonly module: string;
  /** Modules of the patches that are loaded before, in their order. */
  readonly installed: readonly string[];
  readonly workload: { readonly id: string; readonly title: string };
  readonly kernel: string;
  readonly seed: number;
  readonly rows: readonly PolicyRow[];
}

export interface PolicyRow {
  /** Id of the kernel's replace policy: `released`, `replace-set`. */
  readonly policy: string;
  /** Id of what is done by hand before the load: `load`, `disable-non-cumulative`, `disable-all`. */
  readonly order: string;
  readonly title: string;
  /** Whether released kernels have that policy. */
  readonly released: boolean;
  /** `refused`: the kernel does not take the new patch; `unfinished`: a transition is still under way at the end. */
  readonly outcome: 'done' | 'refused' | 'unfinished';
  /** errno of the load that was refused; else 0. */
  readonly errno: number;
  /** Microseconds from the first thing that is done until the last transition was over; null when one is not. */
  readonly time: number | null;
  /** Patches that are listed at the end, in the order of loading. */
  readonly left: readonly string[];
  /** Each time in which a fixed function ran unfixed since the first thing that was done. */
  readonly unfixed: readonly UnfixedTime[];
  /** What was done cost this. */
  readonly costs: readonly OperationCost[];
  /** Setup that nobody took down, conflicts and the like. */
  readonly findings: readonly string[];
}

export interface PolicyOptions {
  readonly workload: Workload;
  /** `6.12` or `6.1`; the proposals are simulated on top of it. */
  readonly kernel: string;
  readonly seed: number;
  /** In the order in which they are loaded before. */
  readonly installed: readonly PatchImage[];
}

/** What is done by hand before the new patch is loaded. */
interface Order {
  readonly id: string;
  readonly title: string;
  /** Whether an installed patch is disabled and removed first, newest first. */
  disables(old: PatchImage): boolean;
}

/** E. Shatokhin, live-patching list, 30 January 2018, on Virtuozzo's tools; a downgrade disables first, too. */
const ORDERS: readonly Order[] = [
  { id: 'load', title: 'Load it', disables: () => false },
  {
    id: 'disable-non-cumulative',
    title: 'Disable patches without .replace, then load it',
    disables: ({ replace }) => !replace,
  },
  { id: 'disable-all', title: 'Disable all others, then load it', disables: () => true },
];

/** Microseconds after which a transition counts as one that does not end: three rounds of signals and more. */
const PATIENCE = 60_000_000;
/** Microseconds from the end of a transition to the next thing that a script does. Assumption: it watches. */
const GOES_ON = 10_000;

/** Plays every order on what the kernel does, and the plain load under each proposal. */
export function comparePolicies(image: PatchImage, options: PolicyOptions): PolicyComparison {
  const { workload, kernel, seed, installed } = options;
  const rows = [
    ...ORDERS.map((order) => row('released', order, kernel)),
    ...REPLACE_POLICIES.filter(({ released }) => !released).map(({ id }) =>
      row(id, ORDERS[0] as Order, `${kernel}+${id}`),
    ),
  ];

  function row(policy: string, order: Order, kernelName: string): PolicyRow {
    const played = play({ ...options, kernel: kernelName }, [
      ...installed.map((old): Action => ({ do: 'load', image: old })),
      ...[...installed].reverse().filter(order.disables).flatMap(removal),
      { do: 'load', image },
    ]);
    const { trace } = played;
    const from = played.times[installed.length] ?? 0;
    const errno = played.isOver ? errnoOf(trace, played.times.length - 1) : 0;
    const title = REPLACE_POLICIES.find(({ id }) => id === policy)?.title ?? policy;
    const released = policy === 'released';
    return {
      policy,
      order: order.id,
      title: released ? order.title : title,
      released,
      outcome: errno !== 0 ? 'refused' : played.isOver ? 'done' : 'unfinished',
      errno,
      time: errno === 0 && played.isOver ? lastTransition(trace, from) - from : null,
      left: listed(trace),
      unfixed: unfixedTimes(trace).filter(({ to }) => to === null || to > from),
      costs: operationCosts(trace).filter((cost) => cost.from >= from),
      findings: [
        ...new Set(trace.events.flatMap((event) => (event.type === 'finding' && event.at >= from ? [event.text] : []))),
      ],
    };
  }
  return {
    format: 'livepatch-policies-1',
    module: image.module,
    installed: installed.map(({ module }) => module),
    workload: { id: workload.id, title: workload.title },
    kernel,
    seed,
    rows,
  };
}

function removal({ module }: PatchImage): Action[] {
  return [
    { do: 'write', path: `${module}/enabled`, value: '0' },
    { do: 'unload', module },
  ];
}

/**
 * Does one thing after the other, each when the transition before is over. What happens before a step does not depend on
 * it, so that the time of the next one can be read from a run without it. Ends early when a transition does not.
 */
function play(
  { kernel, workload, seed }: Omit<PolicyOptions, 'installed'>,
  actions: readonly Action[],
): { readonly trace: Trace; readonly times: readonly number[]; readonly isOver: boolean } {
  const steps: Step[] = [];
  const times: number[] = [];
  let at = 0;
  for (;;) {
    const action = actions[steps.length];
    if (action !== undefined) {
      times.push(at);
      steps.push({ at, ...action });
    }
    const trace = simulate({ kernel, workload, seed, timeLimit: at + PATIENCE, steps });
    const isOver = trace.stopped === 'quiet';
    if (!isOver || steps.length === actions.length) return { trace, times, isOver };
    at = trace.end + GOES_ON;
  }
}

function errnoOf(trace: Trace, index: number): number {
  const step = trace.events.find((event) => event.type === 'step' && event.index === index);
  return step?.type === 'step' ? step.errno : 0;
}

function lastTransition(trace: Trace, from: number): number {
  let last = from;
  for (const event of trace.events) if (event.type === 'transition' && event.phase === 'done') last = event.at;
  return Math.max(last, from);
}

function listed(trace: Trace): string[] {
  const dirs = new Set<string>();
  for (const event of trace.events) {
    if (event.type !== 'sysfs' || event.path.includes('/')) continue;
    if (event.value === null) dirs.delete(event.path);
    else dirs.add(event.path);
  }
  return [...dirs];
}
