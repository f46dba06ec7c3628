import type { PatchImage } from '../model/index.ts';
import { REPLACE_POLICIES } from '../simulator/replace/index.ts';
import type { ReplacePolicy } from '../simulator/replace/policy.ts';
import type { Action } from '../simulator/step.ts';
import type { Trace } from '../simulator/trace.ts';
import type { Workload } from '../simulator/workload.ts';
import { playOneByOne } from './one-by-one.ts';
import { type OperationCost, operationCosts } from './operation-costs.ts';
import { type UnfixedTime, unfixedTimes } from './unfixed.ts';
import { type VersionHistory, versionHistories } from './version-history.ts';

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

/** Times are microseconds since the run's start. */
export interface PolicyRow {
  /** Id of the kernel's replace policy: `released`, `replace-set`. */
  readonly policy: string;
  /** Id of what is done: `load`, `load-stacked`, `disable-all`. */
  readonly order: string;
  readonly title: string;
  /** Whether released kernels have that policy. */
  readonly released: boolean;
  /** `refused`: the kernel does not take the new patch; `unfinished`: a transition is still under way at the end. */
  readonly outcome: 'done' | 'refused' | 'unfinished';
  /** errno of the load that was refused; else 0. */
  readonly errno: number;
  /** What the kernel's log says of the refusal; null when nothing, or when it was not refused. */
  readonly refusal: string | null;
  /** What the policy does not take in general, a sentence each. */
  readonly refuses: readonly string[];
  /** From the first thing that is done until the last transition was over; null when one is not. */
  readonly time: number | null;
  /** When the first thing is done, and the end of the run. */
  readonly start: number;
  readonly end: number;
  /** Patches that are listed at the end, in the order of loading. */
  readonly left: readonly string[];
  /** Each time in which a function ran unfixed that was fixed when the first thing was done, or later. */
  readonly unfixed: readonly UnfixedTime[];
  /** Who runs which version of each function since then. */
  readonly histories: readonly VersionHistory[];
  /** What was done cost this. */
  readonly costs: readonly OperationCost[];
  /** Callbacks that would take down what patches set up which are gone at the end, and that did not run. */
  readonly silent: readonly string[];
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

/** What somebody does to bring the new patch. */
interface Order {
  readonly id: string;
  readonly title: string;
  /** Whether an installed patch is disabled and removed first, newest first. */
  disables(old: PatchImage): boolean;
  /** Absent: as its source says. */
  readonly replace?: boolean;
}

const LOAD: Order = { id: 'load', title: 'Load it', disables: () => false };

/** E. Shatokhin, live-patching list, 30 January 2018, on Virtuozzo's tools; a downgrade disables first, too. */
function ordersFor(image: PatchImage, installed: readonly PatchImage[]): readonly Order[] {
  const isLower = (old: PatchImage): boolean => compareVersions(old, image) === -1;
  const downgrade = installed.some((old) => compareVersions(old, image) === 1);
  return [
    LOAD,
    image.replace
      ? { ...LOAD, id: 'load-stacked', title: 'Load it without .replace, upon the others', replace: false }
      : { ...LOAD, id: 'load-replace', title: 'Load it with .replace', replace: true },
    {
      id: 'disable-non-cumulative',
      title: 'Disable patches without .replace, then load it',
      disables: ({ replace }) => !replace,
    },
    ...(installed.some(isLower)
      ? [
          {
            id: 'disable-lower',
            title: 'Disable lower versions and patches without .replace, then load it with .replace',
            disables: (old: PatchImage) => !old.replace || isLower(old),
            replace: true,
          },
        ]
      : []),
    {
      id: 'disable-all',
      title: `${downgrade ? 'Downgrade: disable' : 'Disable'} all others, then load it`,
      disables: () => true,
    },
  ];
}

/** Plays every order on what the kernel does, and the plain load under each proposal. */
export function comparePolicies(image: PatchImage, options: PolicyOptions): PolicyComparison {
  const steps = comparePoliciesInSteps(image, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, row by row: for hosts that have other things to do in between. */
export function* comparePoliciesInSteps(
  image: PatchImage,
  options: PolicyOptions,
): Generator<undefined, PolicyComparison, undefined> {
  const { workload, kernel, seed, installed } = options;
  const rows: PolicyRow[] = [];
  for (const policy of REPLACE_POLICIES) {
    for (const order of policy.released ? ordersFor(image, installed) : [LOAD]) {
      rows.push(playRow(image, options, policy, order));
      yield;
    }
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

function playRow(image: PatchImage, options: PolicyOptions, policy: ReplacePolicy, order: Order): PolicyRow {
  const { kernel, workload, installed } = options;
  const { id, released, setsParameter } = policy;
  const loaded = order.replace === undefined ? image : { ...image, replace: order.replace };
  const played = playOneByOne({ ...options, kernel: released ? kernel : `${kernel}+${id}` }, [
    ...installed.map((old): Action => ({ do: 'load', image: old })),
    ...[...installed].reverse().filter(order.disables).flatMap(removal),
    {
      do: 'load',
      image: loaded,
      ...(setsParameter && { parameters: { [setsParameter.name]: setsParameter.of(installed) } }),
    },
  ]);
  const { trace } = played;
  const start = played.times[installed.length] ?? 0;
  const errno = played.isOver ? errnoOf(trace, played.times.length - 1) : 0;
  const left = listed(trace);
  return {
    policy: id,
    order: order.id,
    title: released ? order.title : policy.title,
    released,
    outcome: errno !== 0 ? 'refused' : played.isOver ? 'done' : 'unfinished',
    errno,
    refusal: errno === 0 ? null : lastComplaint(trace, played.times.at(-1) ?? 0),
    refuses: policy.refuses,
    time: errno === 0 && played.isOver ? lastTransition(trace, start) - start : null,
    start,
    end: trace.end,
    left,
    unfixed: unfixedTimes(trace).filter(({ from }) => from >= start),
    histories: since(versionHistories(trace), start),
    costs: operationCosts(trace).filter((cost) => cost.from >= start),
    silent: installed
      .filter(({ module }) => !left.includes(module))
      .flatMap((old) => silentCallbacks(old, trace, workload)),
    findings: [
      ...new Set(trace.events.flatMap((event) => (event.type === 'finding' && event.at >= start ? [event.text] : []))),
    ],
  };
}

/** What takes a patch away: disabled, then removed. */
export function removal({ module }: Pick<PatchImage, 'module'>): Action[] {
  return [
    { do: 'write', path: `${module}/enabled`, value: '0' },
    { do: 'unload', module },
  ];
}

/**
 * -1 when the first patch is a lower version of the second, 1 when it is a higher one, 0 when it is the same, null when
 * their names don't tell: versions are the numbers that a module's name ends with.
 */
export function compareVersions(a: Pick<PatchImage, 'module'>, b: Pick<PatchImage, 'module'>): -1 | 0 | 1 | null {
  const [first, second] = [versionOf(a.module), versionOf(b.module)];
  if (first === null || second === null || first.name !== second.name) return null;
  for (let i = 0; i < Math.max(first.numbers.length, second.numbers.length); i++) {
    const difference = (first.numbers[i] ?? 0) - (second.numbers[i] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

function versionOf(module: string): { readonly name: string; readonly numbers: readonly number[] } | null {
  const match = /^(.*?)(\d+(?:[._-]\d+)*)$/.exec(module);
  if (match === null) return null;
  return { name: match[1] ?? '', numbers: (match[2] ?? '').split(/[._-]/).map(Number) };
}

function errnoOf(trace: Trace, index: number): number {
  const step = trace.events.find((event) => event.type === 'step' && event.index === index);
  return step?.type === 'step' ? step.errno : 0;
}

/** The last line of the log since `from` that tells of something wrong. */
function lastComplaint(trace: Trace, from: number): string | null {
  const line = trace.events.findLast(
    (event) => event.type === 'log' && event.at >= from && (event.level === 'err' || event.level === 'warning'),
  );
  return line?.type === 'log' ? line.text : null;
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

/** The part of each history that comes after `start`; functions that nothing replaces any more by then have none. */
function since(histories: readonly VersionHistory[], start: number): VersionHistory[] {
  return histories.flatMap(({ spans, ...func }) => {
    const later = spans.flatMap((span) => (span.to <= start ? [] : [{ ...span, from: Math.max(span.from, start) }]));
    return later.some(({ stack }) => stack.length > 0) ? [{ ...func, spans: later }] : [];
  });
}

/** pre_unpatch and post_unpatch of a patch that did not run though the object is there. */
function silentCallbacks({ module, objects }: PatchImage, trace: Trace, workload: Workload): string[] {
  return objects.flatMap(({ name, callbacks }) => {
    if (name !== null && !workload.modules.includes(name)) return [];
    const object = name ?? 'vmlinux';
    return (['pre_unpatch', 'post_unpatch'] as const).flatMap((callback) => {
      const image = callbacks[callback];
      const ran = trace.events.some(
        (event) =>
          event.type === 'callback' && event.patch === module && event.object === object && event.callback === callback,
      );
      return image === undefined || ran ? [] : [`${callback} of ${module} for ${object}, ${image.function}()`];
    });
  });
}
