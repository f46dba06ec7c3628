import { compareInSteps } from '../../../shared/src/comparison/compare.ts';
import type { CompareParams, CompareResult } from '../../../shared/src/protocol.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { type IsWanted, inSlices } from '../workspace/in-slices.ts';
import type { FeatureContext } from './context.ts';

/** The consistency models side by side for a document's patch; given up when nobody waits for it any more. */
export async function compare(
  context: FeatureContext,
  params: CompareParams,
  isWanted: IsWanted,
): Promise<CompareResult> {
  const { simulation } = context.settings();
  const check = await context.checks.of(params.textDocument.uri);
  const image = check?.images.find(({ variable }) => params.patch === undefined || variable === params.patch);
  const kernel = params.kernel ?? simulation.kernel;
  const workload = workloadById(params.workload ?? simulation.workload, kernel);
  if (image === undefined || workload === undefined) return null;
  const options = {
    workload,
    kernel,
    seeds: [params.seed ?? 1],
    ...(params.choices === undefined ? {} : { choices: params.choices }),
  };
  return inSlices(compareInSteps(image, options), isWanted);
}
