import type { ComparisonRow } from '../../shared/src/comparison/comparison-types.ts';
import type { Forecast } from '../../shared/src/simulator/forecast-types.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import { attribute, element } from './dom.ts';
import { RECORDED, type Session } from './session.ts';

/** `good` finishes soon, `slow` needs the signal round, `bad` is refused or does not always finish. */
export function verdictKind(forecast: Forecast): 'good' | 'slow' | 'bad' {
  if (forecast.errno !== 0 || forecast.finished < forecast.seeds) return 'bad';
  return forecast.needsSignals > 0 ? 'slow' : 'good';
}

/** So much advice is seen at once; the timeline needs the room. */
const MOST_ADVICE = 2;

/** The second line: how sure the first one is. */
export function spreadText(forecast: Forecast): string {
  const runs = `${forecast.seeds} runs`;
  if (forecast.errno !== 0) return 'The kernel refuses it in every run.';
  if (forecast.time === null) return `None of ${runs} finished within ${timeText(forecast.timeLimit)}.`;
  const { median, p95, max } = forecast.time;
  const spread = `${runs}: half of them within ${timeText(median)}, 95 % within ${timeText(p95)}, the longest ${timeText(max)}.`;
  const stuck = forecast.seeds - forecast.finished;
  const never = stuck === 0 ? '' : ` ${stuck} did not finish within ${timeText(forecast.timeLimit)}.`;
  const signals =
    forecast.needsSignals === 0 ? '' : ` ${forecast.needsSignals} of them needed the signal round at 15 s.`;
  return spread + never + signals;
}

/** The forecast over all seeds, in words. */
export class VerdictView {
  readonly element = element('section', { class: 'verdict', 'aria-label': 'Forecast' });
  private readonly everyRun: () => void;
  private shown: Forecast | ComparisonRow | string | null = null;
  private readonly aside = element(
    'p',
    { class: 'aside', hidden: true },
    'This is about loading the patch and nothing else; the timeline shows what comes of your actions.',
  );

  /** `everyRun` shows all runs of the forecast. */
  constructor(everyRun: () => void) {
    this.everyRun = everyRun;
  }

  /** The sentence at the top. */
  get headline(): string {
    return this.element.querySelector('h1')?.textContent ?? '';
  }

  show(session: Session): void {
    const { forecast, forecasting, actions, modelRow, preset, machine, fixed } = session;
    if (fixed !== null) {
      this.update(fixed, { stale: false, acted: false, notes: [] });
      return;
    }
    if (modelRow !== null) {
      this.showModel(modelRow, () => session.showModel(null));
      return;
    }
    const notes = preset === RECORDED ? (machine?.notes ?? []) : [];
    this.update(forecast ?? 'Simulating…', { stale: forecasting, acted: actions.length > 0, notes });
  }

  /**
   * A forecast, or why there is none (yet). `stale`: the next one is being made; `acted`: more than the load is done in
   * the run shown.
   */
  private update(
    forecast: Forecast | string,
    {
      stale,
      acted,
      notes,
    }: { readonly stale: boolean; readonly acted: boolean /** Of the machine. */; readonly notes: readonly string[] },
  ): void {
    attribute(this.element, 'aria-busy', stale ? 'true' : null);
    this.aside.hidden = !acted;
    if (this.shown === forecast) return;
    this.shown = forecast;
    if (typeof forecast === 'string') {
      this.element.dataset.kind = 'none';
      this.element.replaceChildren(element('h1', {}, forecast));
      return;
    }
    this.element.dataset.kind = verdictKind(forecast);
    this.element.replaceChildren(
      element('h1', {}, forecast.headline),
      element(
        'p',
        { class: 'spread' },
        `${spreadText(forecast)} `,
        element('button', { type: 'button', class: 'link', onclick: () => this.everyRun() }, 'Every run'),
      ),
      ...forecast.advice.slice(0, MOST_ADVICE).map((advice) => element('p', { class: 'advice' }, advice)),
      ...more('More advice', forecast.advice.slice(MOST_ADVICE)),
      ...more('What the recording of this machine lacks', notes),
      ...more('What is assumed', forecast.assumptions),
      this.aside,
    );
  }

  /** What another consistency model did in the run that is shown; `back` returns to the kernel's own. */
  private showModel(row: ComparisonRow, back: () => void): void {
    attribute(this.element, 'aria-busy', null);
    if (this.shown === row) return;
    this.shown = row;
    this.element.dataset.kind = row.outcome === 'done' ? (row.never.length > 0 ? 'slow' : 'good') : 'bad';
    this.element.replaceChildren(
      element('h1', {}, `${row.title}: ${row.reason}`),
      element('p', { class: 'spread' }, `One run with another consistency model. It switches ${row.summary}.`),
      element('button', { type: 'button', class: 'quiet', onclick: back }, 'Back to the kernel’s own model'),
    );
  }
}

function more(title: string, lines: readonly string[]): HTMLElement[] {
  if (lines.length === 0) return [];
  const items = lines.map((line) => element('li', {}, line));
  return [element('details', {}, element('summary', {}, title), element('ul', {}, ...items))];
}
