import { axisTicks } from '../../shared/src/picture/axis.ts';
import { type Distribution, distribution } from '../../shared/src/picture/distribution.ts';
import type { Forecast, SeedRun } from '../../shared/src/simulator/forecast-types.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { svgElement } from './dom.ts';

/** Pixels. */
const TOP = 34;
const PLOT = 96;
const AXIS = 20;
const HEIGHT = TOP + PLOT + AXIS;
const SIDE = 8;
/** Of the column of runs that did not finish, with what stands between it and the others. */
const UNFINISHED = 74;
const BIN = 16;
/** Higher blocks look like something else than one run. */
const HIGHEST_BLOCK = 14;
/** Microseconds after which a signal round comes: 14.75 to 15.75 s (SIGNALS_TIMEOUT passes). */
const SIGNAL_ROUND = 15_000_000;

/** How long the runs took: a block for each, over the time that it took. `open` is called with the run that is clicked. */
export function distributionPicture(forecast: Forecast, width: number, open: (run: SeedRun) => void): SVGSVGElement {
  const room = Math.max(120, width - 2 * SIDE);
  const never = forecast.finished < forecast.seeds ? UNFINISHED : 0;
  const plot = forecast.time === null ? 0 : room - never;
  const shown = distribution(forecast, Math.max(8, Math.floor(plot / BIN)));
  const x = (time: number): number => SIDE + (time / shown.end) * plot;
  return svgElement(
    'svg',
    { class: 'distribution', width: room + 2 * SIDE, height: HEIGHT, role: 'img', 'aria-label': pictureText(forecast) },
    svgElement(
      'defs',
      {},
      svgElement(
        'pattern',
        { id: 'hatch', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        svgElement('rect', { class: 'ground', width: 5, height: 5 }),
        svgElement('rect', { class: 'line', width: 1.6, height: 5 }),
      ),
    ),
    ...(plot === 0 ? [] : axis(shown, plot, x)),
    ...shown.bins.flatMap(({ from, to, runs }) => blocks(runs, shown.most, x(from), x(to) - x(from), open)),
    ...(never === 0 ? [] : unfinished(forecast, shown, SIDE + plot, open)),
    ...quantiles(forecast, shown, x),
  );
}

/** The picture in words. */
function pictureText({ runs, seeds, finished, time, needsSignals, timeLimit }: Forecast): string {
  if (time === null) return `None of ${runs.length} runs finishes within ${timeText(timeLimit)}.`;
  const never = finished < seeds ? ` ${seeds - finished} don’t finish within ${timeText(timeLimit)}.` : '';
  return `${finished} of ${seeds} runs finish, in ${timeText(time.min)} to ${timeText(time.max)}, half of them within ${timeText(time.median)}, 95 % within ${timeText(time.p95)}. ${needsSignals} need the signal round.${never}`;
}

function axis({ end }: Distribution, plot: number, x: (time: number) => number): SVGElement[] {
  const y = TOP + PLOT;
  const ticks = axisTicks(end, Math.max(2, Math.floor(plot / 64)));
  return [
    svgElement('line', { class: 'axis', x1: SIDE, x2: SIDE + plot, y1: y + 0.5, y2: y + 0.5 }),
    ...ticks.flatMap((at) => [
      svgElement('line', { class: 'axis', x1: x(at), x2: x(at), y1: y, y2: y + 4 }),
      svgElement('text', { x: x(at), y: y + 16, 'text-anchor': at === 0 ? 'start' : 'middle' }, timeText(at)),
    ]),
    ...(end > SIGNAL_ROUND
      ? [
          svgElement('line', {
            class: 'round',
            x1: x(SIGNAL_ROUND),
            x2: x(SIGNAL_ROUND),
            y1: TOP,
            y2: y,
          }),
          svgElement(
            'text',
            { class: 'round', x: x(SIGNAL_ROUND) - 4, y: TOP + 10, 'text-anchor': 'end' },
            '▲ signal round',
          ),
        ]
      : []),
  ];
}

/** A column of runs, the first at the bottom. */
function blocks(
  runs: readonly SeedRun[],
  most: number,
  left: number,
  width: number,
  open: (run: SeedRun) => void,
): SVGElement[] {
  const height = Math.min(HIGHEST_BLOCK, PLOT / most);
  const gap = height > 3 ? 1 : 0;
  return runs.map((run, index) =>
    svgElement(
      'rect',
      {
        class: `run ${kindOf(run)}`,
        x: left + 0.5,
        y: TOP + PLOT - (index + 1) * height,
        width: Math.max(1, width - 1),
        height: Math.max(0.5, height - gap),
        onclick: () => open(run),
      },
      svgElement('title', {}, `Seed ${run.seed}: ${runText(run)}. Click to show this run.`),
    ),
  );
}

function kindOf({ time, signalled }: SeedRun): string {
  return time === null ? 'never' : signalled ? 'signalled' : 'quiet';
}

/** "16.1 s, after the signal round". */
export function runText({ time, signalled }: SeedRun): string {
  if (time === null) return 'does not finish';
  return `${time === 0 ? 'in the first pass' : timeText(time)}${signalled ? ', after the signal round' : ''}`;
}

function unfinished(
  { timeLimit }: Forecast,
  shown: Distribution,
  left: number,
  open: (run: SeedRun) => void,
): SVGElement[] {
  const middle = left + UNFINISHED / 2 + 6;
  const y = TOP + PLOT;
  return [
    svgElement('line', { class: 'axis', x1: middle - 28, x2: middle + 28, y1: y + 0.5, y2: y + 0.5 }),
    ...blocks(shown.unfinished, shown.most, middle - 12, 24, open),
    svgElement('text', { class: 'never', x: middle, y: y + 16, 'text-anchor': 'middle' }, `> ${timeText(timeLimit)}`),
  ];
}

/** Median and 95 %, each with a line of its own for its words, so that they never cover each other. */
function quantiles({ time }: Forecast, { end }: Distribution, x: (time: number) => number): SVGElement[] {
  if (time === null) return [];
  // A line goes down from its words: it must not go through those of the other one.
  const medianRow = time.median > end / 2 ? 1 : 0;
  return [
    { title: 'half within', at: time.median, row: medianRow },
    { title: '95 % within', at: time.p95, row: 1 - medianRow },
  ].flatMap(({ title, at, row }) => {
    const right = at > end / 2;
    const y = 12 + 14 * row;
    return [
      svgElement('line', { class: 'quantile', x1: x(at), x2: x(at), y1: y - 9, y2: TOP + PLOT }),
      svgElement(
        'text',
        { class: 'quantile', x: x(at) + (right ? -4 : 4), y, 'text-anchor': right ? 'end' : 'start' },
        `${title} ${timeText(at)}`,
      ),
    ];
  });
}
