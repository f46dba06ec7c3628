import type { PatchImage } from '../model/index.ts';
import type { Trace } from '../simulator/trace.ts';
import type { Workload } from '../simulator/workload.ts';

/**
 * One way of changing a running kernel's functions, as somebody built or proposed it. What it does is played on tasks and
 * comes out as a trace; whether it keeps a promise is read from that trace, not written here.
 */
export interface PatchingModel {
  /** `kgraft`. */
  readonly id: string;
  /** "kGraft". */
  readonly title: string;
  /** When a task goes over, in a few words: "per task, when it leaves the kernel". */
  readonly summary: string;
  /** What a task must have left before it goes over (V. Pavlik's terms, live-patching list, 7 November 2014). */
  readonly leaves: 'function' | 'patched-set' | 'kernel';
  /** What goes over at once, in the same terms. */
  readonly switches: 'function' | 'thread' | 'kernel';
  /** `kernel`: compared with real kernels here. `documents`: built from what its authors and critics wrote. */
  readonly evidence: 'kernel' | 'documents';
  /** Where its behaviour is described. */
  readonly sources: readonly string[];
  /** Numbers that the sources leave open or that were chosen. */
  readonly parameters: readonly ModelParameter[];
  /** Choices that the debate left open. */
  readonly variants: readonly ModelVariant[];
  /** What it can't do whatever the tasks do, a sentence each. */
  readonly cannot: readonly string[];
  play(run: ModelRun): Trace;
}

export interface ModelParameter {
  /** `stopTime`. */
  readonly name: string;
  readonly value: number;
  /** `us` are microseconds. */
  readonly unit: 'us' | 'times';
  /** What it stands for, for people. */
  readonly about: string;
  /** Where the value comes from; says so when it is an assumption. */
  readonly source: string;
  /** It plays a part only where a variant has one of these values; absent: always. */
  readonly onlyWith?: { readonly variant: string; readonly values: readonly string[] };
}

export interface ModelVariant {
  /** `signal`. */
  readonly name: string;
  readonly about: string;
  /** The first one is what the model is without a choice. Empty: names of functions with commas between them. */
  readonly values: readonly VariantValue[];
}

export interface VariantValue {
  readonly value: string;
  readonly about: string;
  /** What of the model's description is something else with this value. */
  readonly instead?: Partial<Description>;
}

/** What a model says of itself that a variant can change. */
export type Description = Pick<PatchingModel, 'summary' | 'leaves' | 'switches' | 'parameters' | 'cannot'>;

/** One play of a model. Parameters and variants are all there, defaults filled in. */
export interface ModelRun {
  readonly model: PatchingModel;
  readonly image: PatchImage;
  readonly workload: Workload;
  readonly seed: number;
  /** As for simulate(): decides for the hybrid model only. */
  readonly kernel: string;
  /** Microseconds after which a run is given up. */
  readonly timeLimit: number;
  readonly parameters: { readonly [name: string]: number };
  readonly variants: { readonly [name: string]: string };
}

/** Events that a run may take before it is given up: a model that does not end must not hang its host. */
export const EVENT_LIMIT = 5_000_000;

/** A parameter's value; throws for one that the model does not have. */
export function parameter(run: ModelRun, name: string): number {
  const value = run.parameters[name];
  if (value === undefined) throw new Error(`model '${run.model.id}' has no parameter '${name}'`);
  return value;
}

/** What the model of a run says of itself, with the variants that were chosen. */
export function description({ model, variants }: Pick<ModelRun, 'model' | 'variants'>): Description {
  const instead = model.variants.map(
    ({ name, values }) => values.find(({ value }) => value === variants[name])?.instead,
  );
  const { summary, leaves, switches, parameters, cannot }: Description = Object.assign({}, model, ...instead);
  const inPlay = parameters.filter(
    ({ onlyWith }) => onlyWith?.values.includes(variants[onlyWith.variant] ?? '') ?? true,
  );
  return { summary, leaves, switches, parameters: inPlay, cannot };
}

/** The functions that a variant names, separated by commas. */
export function namedFunctions(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s,]+/).filter(Boolean));
}

/** The value of a variant; throws for one that the model does not have. */
export function variant(run: ModelRun, name: string): string {
  const value = run.variants[name];
  if (value === undefined) throw new Error(`model '${run.model.id}' has no variant '${name}'`);
  return value;
}
