import { forecast } from '../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../shared/src/simulator/workload.ts';
import { familyOf, type Observation } from '../kernel/servers/observations.ts';
import { patch } from '../unit/simulator/support.ts';

/** Microseconds that guests and forecasts may differ by: one round of the transition's timer. */
const TOLERANCE = 1_100_000;
const SEEDS = 30;

/**
 * Where the forecast on a recorded machine differs from what the machine then did: one sentence each.
 *
 * The forecast says for each name in how many of its runs somebody of that name was held up. Whoever held the real
 * transition up must be among them; whoever is held up in every run for more than five seconds must have held it up.
 */
export function disagreements(observations: readonly Observation[], workload: Workload, kernel: string): string[] {
  return observations.flatMap(({ func, held, seconds, signalled }) => {
    const told = forecast(patch('lp', { vmlinux: [func] }), { kernel, workload, seeds: SEEDS, timeLimit: 24_000_000 });
    const problems: string[] = [];
    const forecastNames = new Set(told.blockers.map(({ comm }) => familyOf(comm)));
    const seen = new Set(held.flatMap((names) => Object.keys(names)));
    for (const name of seen) {
      if (!forecastNames.has(name)) problems.push(`${name} held it up, which was not forecast`);
    }
    for (const { comm, seeds, until } of told.blockers) {
      const long = seeds === told.seeds && (until === null || until > 5_000_000);
      if (long && !seen.has(familyOf(comm))) problems.push(`${comm} was forecast to hold it up, and did not`);
    }
    if (seconds === null) {
      if (told.finished > 0)
        problems.push(`it was forecast to finish in ${told.finished} of ${told.seeds} runs, and did not`);
    } else if (told.time === null) {
      problems.push(`it was forecast not to finish, and took ${seconds} s`);
    } else if (seconds * 1e6 < told.time.min - TOLERANCE || seconds * 1e6 > told.time.max + TOLERANCE) {
      problems.push(`it took ${seconds} s; the forecast was ${told.time.min / 1e6} to ${told.time.max / 1e6} s`);
    }
    if (signalled && told.needsSignals === 0) problems.push('it needed the signal, which was not forecast');
    if (!signalled && told.needsSignals === told.seeds) problems.push('it did not need the signal, which was forecast');
    return problems.map((problem) => `${func}(): ${problem}.`);
  });
}
