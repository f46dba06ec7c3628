import type { PatchImage } from '../model/index.ts';
import { DEFAULT_TIME_LIMIT } from '../simulator/simulate.ts';
import type { Trace } from '../simulator/trace.ts';
import type { Workload } from '../simulator/workload.ts';
import type { Comparison, ComparisonRow, ModelChoice, SeedSummary } from './comparison-types.ts';
import { guarantees } from './guarantees.ts';
import { type Measures, measure } from './measure.ts';
import { description, type ModelRun, type PatchingModel } from './model.ts';
import { PATCHING_MODELS, patchingModel } from './models/index.ts';
import { patchedFrames } from './patched-frames.ts';
import { choiceText, reasonOf } from './words.ts';

export interface CompareOptions {
  readonly workload: Workload;
  /** Decides for the hybrid models. */
  readonly kernel: string;
  /** Rows are of the first seed; with several, each row says how the others went. */
  readonly seeds: readonly number[];
  /** Microseconds; absent: that of simulate(). */
  readonly timeLimit?: number;
  /** Absent: defaultChoices(). */
  readonly choices?: readonly ModelChoice[];
}

/** Kernels with which the hybrid model was compared. */
const VERIFIED_KERNELS: readonly string[] = ['6.1', '6.12'];

/** Every model as it is, the hybrid one of other kernels that are known, and the variants that the debate was about. */
export function defaultChoices(kernel: string): readonly ModelChoice[] {
  return PATCHING_MODELS.flatMap(({ id }): ModelChoice[] => {
    switch (id) {
      case 'hybrid':
        return [
          { model: id },
          ...VERIFIED_KERNELS.filter((other) => other !== kernel).map((other) => ({ model: id, kernel: other })),
        ];
      case 'proposal-2016':
        return [{ model: id }, { model: id, variants: { 'patch-immediate': 'yes' } }];
      case 'kgraft':
        return [{ model: id }, { model: id, variants: { kthreads: 'annotated' } }];
      default:
        return [{ model: id }];
    }
  });
}

/**
 * Plays the loading of a patch with each model on the same tasks and seeds, and says what came of it. Throws for a model,
 * parameter or variant that does not exist.
 */
export function compareModels(image: PatchImage, options: CompareOptions): Comparison {
  const steps = compareInSteps(image, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, row by row: for hosts that have other things to do in between. */
export function* compareInSteps(
  image: PatchImage,
  options: CompareOptions,
): Generator<undefined, Comparison, undefined> {
  const { workload, kernel } = options;
  const seeds = options.seeds.length === 0 ? [1] : options.seeds;
  const timeLimit = options.timeLimit ?? DEFAULT_TIME_LIMIT;
  const patched = patchedFrames(image, workload);
  const setting = { image, workload, kernel, timeLimit };
  const assumptions = new Set<string>([...image.assumptions, ...GENERAL_ASSUMPTIONS]);
  const rows: ComparisonRow[] = [];
  for (const choice of options.choices ?? defaultChoices(kernel)) {
    const { row, assumed } = rowOf(choice, setting, seeds, patched);
    rows.push(row);
    for (const assumption of assumed) assumptions.add(assumption);
    yield;
  }
  return {
    format: 'livepatch-comparison-1',
    module: image.module,
    functions: [...patched],
    workload: { id: workload.id, title: workload.title, tasks: rows[0]?.tasks ?? 0 },
    kernel,
    seed: seeds[0] ?? 1,
    timeLimit,
    end: Math.max(1, ...rows.map((row) => row.end)),
    rows,
    assumptions: [...assumptions],
  };
}

function rowOf(
  choice: ModelChoice,
  setting: Omit<Setting, 'seed'>,
  [seed = 1, ...others]: readonly number[],
  patched: ReadonlySet<string>,
): { readonly row: ComparisonRow; readonly assumed: readonly string[] } {
  const run = modelRun(choice, { ...setting, seed });
  const { model } = run;
  const trace = model.play(run);
  const measures = measure(trace, patched);
  const { left: _left, last: _last, errno: _errno, gaveUp: _gaveUp, mixed, ...numbers } = measures;
  const { summary: inShort, leaves, switches, parameters, cannot } = description(run);
  const row: ComparisonRow = {
    choice,
    title: `${model.title}${choiceText(run, choice)}`,
    summary: inShort,
    leaves,
    switches,
    evidence: model.evidence === 'kernel' && VERIFIED_KERNELS.includes(run.kernel) ? 'kernel' : 'documents',
    sources: model.sources,
    reason: reasonOf(measures, run),
    mixed: { time: mixed.time, open: mixed.open },
    ...numbers,
    guarantees: guarantees(trace, setting.workload, patched, mixed),
    parameters: parameters.map(({ onlyWith: _, ...each }) => ({
      ...each,
      value: run.parameters[each.name] ?? each.value,
    })),
    variants: model.variants.map(({ name, about, values }) => ({
      name,
      about,
      chosen: run.variants[name] ?? '',
      values: values.map(({ value, about: text }) => ({ value, about: text })),
    })),
    cannot,
    seeds: others.length === 0 ? null : summary(choice, setting, patched, measures, others),
  };
  return { row, assumed: trace.options.assumptions };
}

/** The same row with another value of a variant; a default is left out, as in defaultChoices(). */
export function withVariant({ choice, variants }: ComparisonRow, name: string, value: string): ModelChoice {
  const { [name]: _, ...others } = choice.variants ?? {};
  const known = variants.find((each) => each.name === name);
  const isDefault = value === (known?.values[0]?.value ?? '');
  return { ...choice, variants: isDefault ? others : { ...others, [name]: value } };
}

/** The whole run behind one row. */
export function playChoice(
  choice: ModelChoice,
  setting: {
    readonly image: PatchImage;
    readonly workload: Workload;
    readonly kernel: string;
    readonly seed: number;
    readonly timeLimit?: number;
  },
): Trace {
  const run = modelRun(choice, { timeLimit: DEFAULT_TIME_LIMIT, ...setting });
  return run.model.play(run);
}

const GENERAL_ASSUMPTIONS: readonly string[] = [
  'All models but the hybrid one of Linux 6.1 and 6.12 are built from documents; none of them was run here.',
  'Tasks go on as the workload describes them; what one task does to another that stands still is not simulated.',
  'io_uring workers count as kernel threads for models that are older than they are.',
];

type Setting = Omit<ModelRun, 'model' | 'parameters' | 'variants'>;

function modelRun(choice: ModelChoice, setting: Setting): ModelRun {
  const model = patchingModel(choice.model);
  if (model === undefined) throw new Error(`there is no model '${choice.model}'`);
  const parameters: Record<string, number> = {};
  for (const { name, value } of model.parameters) parameters[name] = value;
  for (const [name, value] of Object.entries(choice.parameters ?? {})) {
    if (parameters[name] === undefined) throw new Error(`model '${model.id}' has no parameter '${name}'`);
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`parameter '${name}' needs a whole number from 1`);
    parameters[name] = value;
  }
  return {
    ...setting,
    model,
    kernel: choice.kernel ?? setting.kernel,
    parameters,
    variants: chosenVariants(model, choice.variants ?? {}),
  };
}

function chosenVariants(
  model: PatchingModel,
  chosen: { readonly [name: string]: string },
): { readonly [name: string]: string } {
  const variants: Record<string, string> = {};
  for (const { name, values } of model.variants) variants[name] = values[0]?.value ?? '';
  for (const [name, value] of Object.entries(chosen)) {
    const known = model.variants.find((each) => each.name === name);
    if (known === undefined) throw new Error(`model '${model.id}' has no variant '${name}'`);
    if (known.values.length > 0 && !known.values.some((each) => each.value === value)) {
      const allowed = known.values.map((each) => each.value).join(', ');
      throw new Error(`variant '${name}' of model '${model.id}' can be ${allowed}, not '${value}'`);
    }
    variants[name] = value;
  }
  return variants;
}

/** The other seeds, with the row's own counted in. */
function summary(
  choice: ModelChoice,
  setting: Omit<Setting, 'seed'>,
  patched: ReadonlySet<string>,
  first: Measures,
  seeds: readonly number[],
): SeedSummary {
  const all = [first];
  for (const seed of seeds) {
    const run = modelRun(choice, { ...setting, seed });
    all.push(measure(run.model.play(run), patched));
  }
  const times = all
    .flatMap(({ outcome, time }) => (outcome === 'done' && time !== null ? [time] : []))
    .sort((a, b) => a - b);
  const [min] = times;
  return {
    runs: all.length,
    done: times.length,
    time:
      min === undefined
        ? null
        : { min, median: times[(times.length - 1) >> 1] ?? min, max: times[times.length - 1] ?? min },
  };
}
