import type { PatchImage } from '../../../shared/src/model/index.ts';
import type { SimulationSettings } from '../../../shared/src/protocol.ts';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Forecast } from '../../../shared/src/simulator/forecast-types.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';

/** Enough for every patch of some modules under a few settings. */
const MAX_KEPT = 24;

/** Forecasts, kept by what is simulated: an edit that leaves a patch what it is costs nothing. */
export class Forecasts {
  private readonly kept = new Map<string, Forecast>();

  /** Null when the workload is not known. */
  of(image: PatchImage, { kernel, workload: id, seeds }: SimulationSettings): Forecast | null {
    const workload = workloadById(id);
    if (!workload) return null;
    const key = JSON.stringify([contentOf(image), kernel, id, seeds]);
    const known = this.kept.get(key);
    if (known) {
      // Used last, dropped last.
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const made = forecast(image, { kernel, workload, seeds });
    this.kept.set(key, made);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_KEPT) break;
      this.kept.delete(oldest);
    }
    return made;
  }
}

/** The image without the places in the source, which change with every line above. */
function contentOf(image: PatchImage): string {
  return JSON.stringify(image, (key, value: unknown) =>
    key === 'source' || key === 'newFuncSource' ? undefined : value,
  );
}
