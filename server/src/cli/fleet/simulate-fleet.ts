import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fleetHtml, type ReportFacts } from '../../../../shared/src/fleet/fleet-html.ts';
import { type FleetSummary, FleetTally } from '../../../../shared/src/fleet/fleet-summary.ts';
import { type HostResult, runDescription } from '../../../../shared/src/fleet/host-result.ts';
import type { PatchImage } from '../../../../shared/src/model/index.ts';
import { integerOption, oneOf, readArguments } from '../options.ts';
import { terminalStyle, textWidth } from '../style.ts';
import { UsageError } from '../usage.ts';
import { type FleetItem, fleetItems } from './fleet-source.ts';
import { fleetText } from './fleet-text.ts';
import { ResultsFile, readResults } from './results-file.ts';
import { playFleet } from './worker-pool.ts';

export const FLEET_FORMATS = ['pretty', 'json', 'summary', 'html'] as const;
type FleetFormat = (typeof FLEET_FORMATS)[number];

export interface FleetOptions {
  readonly image: PatchImage;
  /** Files and folders with recordings. */
  readonly fleet: readonly string[];
  /** Where results are kept; null: nowhere. */
  readonly results: string | null;
  readonly jobs: string | null;
  /** Null: that of each recording. */
  readonly kernel: string | null;
  readonly seeds: number;
  readonly format: FleetFormat;
  readonly wasmFolder: string;
}

/** Milliseconds between two lines of progress on a terminal. */
const PROGRESS_EVERY = 250;
/** As shells say it of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * `livepatch-ls simulate --fleet …`: the forecast on each recorded host, and what they come to. Prints to stdout, progress
 * to stderr. Returns the exit status: 0 every recording was used, 1 some could not be, 130 interrupted.
 */
export async function simulateFleet(options: FleetOptions): Promise<number> {
  const { image, kernel, seeds, format } = options;
  const jobs = integerOption('--jobs', options.jobs ?? String(availableParallelism()), 1, 1024);
  const run = createHash('sha256').update(runDescription(image, { kernel, seeds })).digest('hex').slice(0, 16);
  const tally = new FleetTally();
  const known = new Set<string>();
  const report = (result: HostResult): void => {
    tally.add(result);
    if (format === 'json') process.stdout.write(`${JSON.stringify(result)}\n`);
  };
  const file =
    options.results === null
      ? null
      : await ResultsFile.open(options.results, run, (result) => {
          known.add(result.host);
          report(result);
        });
  const progress = new Progress(known.size);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal);
  try {
    await playFleet(
      join(options.wasmFolder, 'fleet-worker.js'),
      { image, run, kernel, seeds },
      jobs,
      unknownItems(options.fleet, known),
      (result) => {
        file?.add(result);
        report(result);
        progress.count(result.ok);
      },
      interrupt.signal,
    );
  } finally {
    process.off('SIGINT', onSignal);
    progress.end();
    file?.close();
  }
  const summary = tally.summary();
  print(summary, format, { module: image.module, seeds, assumptions: image.assumptions });
  if (interrupt.signal.aborted) {
    const again = options.results === null ? '' : ' Run the same command again to go on.';
    process.stderr.write(`livepatch-ls: stopped after ${summary.hosts} hosts.${again}\n`);
    return INTERRUPTED;
  }
  return summary.outcomes.unreadable > 0 ? 1 : 0;
}

/** `livepatch-ls fleet-report`: what results files that were written apart come to together. */
export async function fleetReport(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, { format: { type: 'string', default: 'pretty' } });
  const format = oneOf('--format', values.format, FLEET_FORMATS);
  if (positionals.length === 0) throw new UsageError('fleet-report needs a results file.');
  const tally = new FleetTally();
  const known = new Set<string>();
  let first: HostResult | null = null;
  let seeds = 0;
  for (const path of positionals) {
    for await (const result of readResults(path)) {
      first ??= result;
      if (result.run !== first.run) {
        throw new UsageError(
          `${path}: the result of ${result.host} is of another patch or of other options than the first.`,
        );
      }
      if (known.has(result.host)) continue;
      known.add(result.host);
      if (result.ok) seeds = result.seeds;
      tally.add(result);
      if (format === 'json') process.stdout.write(`${JSON.stringify(result)}\n`);
    }
  }
  print(tally.summary(), format, { module: first?.module ?? 'nothing', seeds, assumptions: [] });
  return 0;
}

function print(summary: FleetSummary, format: FleetFormat, facts: Omit<ReportFacts, 'made'>): void {
  if (format === 'pretty') {
    const style = terminalStyle(process.stdout, process.env);
    process.stdout.write(fleetText(summary, facts.module, style, textWidth(process.stdout)));
  } else if (format === 'summary') {
    process.stdout.write(`${JSON.stringify({ module: facts.module, seeds: facts.seeds, ...summary })}\n`);
  } else if (format === 'html') {
    process.stdout.write(fleetHtml(summary, { ...facts, made: new Date().toISOString() }));
  }
}

async function* unknownItems(paths: readonly string[], known: ReadonlySet<string>): AsyncGenerator<FleetItem> {
  for (const path of paths) {
    for await (const item of fleetItems(path)) if (!known.has(item.host)) yield item;
  }
}

/** One line on a terminal, written over again and again; nothing in a pipe. */
class Progress {
  private done: number;
  private broken = 0;
  private shown = 0;

  constructor(known: number) {
    this.done = known;
  }

  count(ok: boolean): void {
    this.done++;
    if (!ok) this.broken++;
    const now = Date.now();
    if (!process.stderr.isTTY || now - this.shown < PROGRESS_EVERY) return;
    this.shown = now;
    const broken = this.broken === 0 ? '' : `, ${this.broken} not usable`;
    process.stderr.write(`\r\x1b[K${this.done} hosts${broken}`);
  }

  end(): void {
    if (this.shown > 0) process.stderr.write('\r\x1b[K');
  }
}
