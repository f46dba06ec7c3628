import type { PatchImage } from '../../../shared/src/model/index.ts';
import type { SimulationSettings } from '../../../shared/src/protocol.ts';
import { forecastInSteps } from '../../../shared/src/simulator/forecast.ts';
import type { Forecast } from '../../../shared/src/simulator/forecast-types.ts';
import { workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { type IsWanted, inSlices } from './in-slices.ts';

/** Enough for every patch of some modules under a few settings. */
const MAX_KEPT = 24;
interface Entry {
  readonly forecast: Promise<Forecast | null>;
  /** Of everybody who asked for it; empty when it is finished. */
  readonly wanted: IsWanted[];
}

/**
 * Forecasts, kept by what is simulated: an edit that leaves a patch what it is costs nothing. They are made in slices,
 * between which messages are handled, and given up when nobody waits for them any more.
 */
export class Forecasts {
  private readonly entries = new Map<string, Entry>();

  /** Null when the workload is not known, and for somebody who does not want it any more. Rejects when the simulator fails. */
  of(
    image: PatchImage,
    { kernel, workload: id, seeds }: SimulationSettings,
    isWanted: IsWanted,
  ): Promise<Forecast | null> {
    const workload = workloadById(id, kernel);
    if (!workload) return Promise.resolve(null);
    const key = JSON.stringify([contentOf(image), kernel, id, seeds]);
    const known = this.entries.get(key);
    if (known) {
      // Used last, dropped last.
      this.entries.delete(key);
      this.entries.set(key, known);
      known.wanted.push(isWanted);
      return known.forecast;
    }
    const wanted = [isWanted];
    const isWantedStill = (): boolean => {
      if (wanted.some((is) => is())) return true;
      this.entries.delete(key);
      return false;
    };
    const made = inSlices(forecastInSteps(image, { kernel, workload, seeds }), isWantedStill);
    this.entries.set(key, { forecast: made, wanted });
    this.dropOldest();
    // Nothing of a failure is kept; whoever asked is told.
    made.then(
      () => {
        wanted.length = 0;
      },
      () => this.entries.delete(key),
    );
    return made;
  }

  private dropOldest(): void {
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= MAX_KEPT) break;
      this.entries.delete(oldest);
    }
  }
}

/** The image without the places in the source, which change with every line above. */
function contentOf(image: PatchImage): string {
  return JSON.stringify(image, (key, value: unknown) =>
    key === 'source' || key === 'newFuncSource' ? undefined : value,
  );
}
