import { compareModels } from '../../../shared/src/comparison/compare.ts';
import type { ModelChoice } from '../../../shared/src/comparison/comparison-types.ts';
import { frequentReplacement } from '../../../shared/src/comparison/frequent-replacement.ts';
import { PATCHING_MODELS, patchingModel } from '../../../shared/src/comparison/models/index.ts';
import { comparePolicies } from '../../../shared/src/comparison/policies.ts';
import { comparisonSvg } from '../../../shared/src/picture/comparison-svg.ts';
import { DEFAULT_KERNEL_VERSION } from '../kernel/version.ts';
import { comparisonReport } from './compare-report.ts';
import { integerOption, kernelOption, oneOf, readArguments, seedOption } from './options.ts';
import { patchOfFile } from './patch-of-file.ts';
import { policyReport } from './policy-report.ts';
import { terminalStyle, textWidth } from './style.ts';
import { UsageError } from './usage.ts';
import { workloadOption } from './workload-option.ts';

const MAX_SEEDS = 100;
/** Of a model's parameter. */
const MAX_PARAMETER = 2 ** 32 - 1;

/** `livepatch-ls compare`: the consistency models side by side. Prints to stdout. Returns the exit status. */
export async function compareCommand(args: readonly string[], wasmFolder: string): Promise<number> {
  const { values, positionals } = readArguments(args, {
    format: { type: 'string', default: 'pretty' },
    kernel: { type: 'string' },
    workload: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    patch: { type: 'string' },
    model: { type: 'string', multiple: true },
    installed: { type: 'string', multiple: true },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError('compare needs one FILE.');
  const format = oneOf('--format', values.format, ['pretty', 'json', 'svg']);
  if (values.kernel !== undefined) kernelOption('--kernel', values.kernel);
  const kernel = values.kernel ?? DEFAULT_KERNEL_VERSION;
  const workload = await workloadOption(values.workload, kernel);
  const first = seedOption(values.seed ?? '1');
  const seeds = integerOption('--seeds', values.seeds ?? '1', 1, MAX_SEEDS);
  const choices = values.model?.map(readChoice);

  const image = await patchOfFile(file, values.patch, wasmFolder);
  const style = terminalStyle(process.stdout, process.env);
  const width = textWidth(process.stdout);
  if (values.installed !== undefined) {
    if (choices !== undefined || values.seeds !== undefined || format === 'svg') {
      throw new UsageError('--installed compares replace policies: --model, --seeds and --format svg are not for it.');
    }
    const installed = await Promise.all(values.installed.map((old) => patchOfFile(old, undefined, wasmFolder)));
    const setting = { workload, kernel, seed: first };
    const policies = comparePolicies(image, { ...setting, installed });
    const frequent = frequentReplacement(image, setting);
    process.stdout.write(
      format === 'json'
        ? `${JSON.stringify({ ...policies, frequent })}\n`
        : policyReport(policies, frequent, style, width),
    );
    return 0;
  }
  const comparison = compareModels(image, {
    kernel,
    workload,
    seeds: Array.from({ length: seeds }, (_, index) => first + index),
    ...(choices === undefined ? {} : { choices }),
  });
  if (format === 'json') process.stdout.write(`${JSON.stringify(comparison)}\n`);
  else if (format === 'svg') process.stdout.write(`${comparisonSvg(comparison, { theme: 'light' })}\n`);
  else process.stdout.write(comparisonReport(comparison, style, width));
  return 0;
}

/** `kgraft`, `kgraft:kthreads=annotated`, `kpatch:stopTime=40000;attempts=2`. */
function readChoice(text: string): ModelChoice {
  const [id = '', ...rest] = text.split(':');
  const model = patchingModel(id);
  if (model === undefined) {
    throw new UsageError(`--model is "${text}"; it can be ${PATCHING_MODELS.map((each) => each.id).join(', ')}.`);
  }
  const parameters: Record<string, number> = {};
  const variants: Record<string, string> = {};
  for (const setting of rest.join(':').split(';').filter(Boolean)) {
    const [name = '', ...parts] = setting.split('=');
    const value = parts.join('=');
    const parameter = model.parameters.find((each) => each.name === name);
    const variant = model.variants.find((each) => each.name === name);
    if (parameter !== undefined) {
      parameters[name] = integerOption(`${id}'s ${name}`, value, 1, MAX_PARAMETER);
    } else if (variant === undefined) {
      const known = [...model.variants, ...model.parameters].map((each) => each.name).join(', ');
      throw new UsageError(`Model ${id} has no "${name}"; it has ${known === '' ? 'nothing to set' : known}.`);
    } else {
      const allowed = variant.values.map((each) => each.value);
      variants[name] = allowed.length === 0 ? value : oneOf(`${id}'s ${name}`, value, allowed);
    }
  }
  return { model: id, parameters, variants };
}
