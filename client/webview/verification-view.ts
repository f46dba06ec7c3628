import type { StandIn, Verifiable } from '../../shared/src/scenario/situation.ts';
import { element, text } from './dom.ts';
import type { Verification } from './verification.ts';
import type { Difference, LaidOver } from './verified-run.ts';

export interface VerificationEvents {
  cancel(): void;
  again(): void;
  /** Back to the run that was shown before. */
  back(): void;
  jump(at: number): void;
}

/** So many differences are listed. */
const MOST_DIFFERENCES = 200;

/** What a real kernel did: how far it is, then the differences in words, what was compared and what was not. */
export class VerificationView {
  readonly element = element('section', { class: 'verification', 'aria-label': 'Real kernel', hidden: true });
  private readonly events: VerificationEvents;
  private readonly step = element('p', { role: 'status' });
  private shown: unknown = null;

  constructor(events: VerificationEvents) {
    this.events = events;
  }

  /** `laidOver` is what is shown of it; null unless it is over. */
  update({ state, stale }: Verification, laidOver: LaidOver | null): void {
    this.element.hidden = state === null;
    if (state === null) {
      this.shown = null;
      return;
    }
    if (state.is === 'running') {
      text(this.step, `Verifying on a real kernel: ${state.step}`);
      if (this.shown === 'running') return;
      this.shown = 'running';
      this.element.dataset.kind = 'running';
      this.element.replaceChildren(
        this.step,
        element('progress', { 'aria-label': 'Verification' }),
        button('Cancel', this.events.cancel),
      );
      return;
    }
    if (this.shown === state) return;
    this.shown = state;
    if (state.is === 'cancelled') {
      this.element.dataset.kind = 'none';
      this.element.replaceChildren(
        element('p', { role: 'status' }, 'The verification was cancelled.'),
        button('Verify again', this.events.again),
        button('Dismiss', this.events.back),
      );
    } else if (state.is === 'failed') {
      this.element.dataset.kind = 'bad';
      this.element.replaceChildren(
        element('p', { role: 'alert' }, `It could not be verified. ${state.why}`),
        ...(state.detail === '' ? [] : [element('pre', { tabindex: 0 }, state.detail)]),
        button('Verify again', this.events.again),
        button('Dismiss', this.events.back),
      );
    } else if (laidOver !== null) {
      this.element.dataset.kind = laidOver.differences.length === 0 ? 'good' : 'bad';
      this.element.replaceChildren(...this.outcome(laidOver, state.plan, stale));
    }
  }

  private outcome(laidOver: LaidOver, plan: Verifiable | null, stale: boolean): HTMLElement[] {
    const { headline, differences, compared } = laidOver;
    const left = plan?.notCompared ?? [];
    return [
      element('h1', { role: 'status' }, headline),
      ...(stale
        ? [element('p', {}, 'What is simulated was changed meanwhile: this is about what it was before.')]
        : []),
      ...(differences.length > 0 ? [this.table(laidOver)] : []),
      element('p', { class: 'faint' }, compared),
      ...(left.length > 0 ? [list(`Not compared (${left.length})`, left, true)] : []),
      ...(plan !== null && plan.standIns.length > 0 ? [standIns(plan.standIns)] : []),
      button('Back to the forecast', this.events.back),
      button('Verify again', this.events.again),
    ];
  }

  private table({ differences, verified }: LaidOver): HTMLElement {
    const head = ['What', 'Simulator', `Linux ${verified.release}`];
    return element(
      'table',
      { class: 'differences' },
      element('caption', {}, 'Differences'),
      element('thead', {}, element('tr', {}, ...head.map((title) => element('th', { scope: 'col' }, title)))),
      element('tbody', {}, ...differences.slice(0, MOST_DIFFERENCES).map((difference) => this.row(difference))),
    );
  }

  private row({ what, at, simulator, kernel }: Difference): HTMLElement {
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element('button', { type: 'button', class: 'link', onclick: () => this.events.jump(at) }, what),
      ),
      element('td', {}, simulator),
      element('td', {}, kernel),
    );
  }
}

/** Who played whom. */
function standIns(all: readonly StandIn[]): HTMLElement {
  const rows = all.map(({ name, does, standsFor, heldUp, differs }) => {
    const whom = standsFor.map(({ comm, count }) => (count > 1 ? `${comm} (${count} tasks)` : comm)).join(', ');
    const fate = heldUp ? 'held up in the forecast' : 'switches at once in the forecast';
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, does),
      element('td', {}, `${whom}: ${fate}.${differs === null ? '' : ` ${differs}`}`),
    );
  });
  const head = ['In the guest', 'Is', 'Stands for'].map((title) => element('th', { scope: 'col' }, title));
  return element(
    'details',
    {},
    element('summary', {}, `Who was played by whom (${all.length})`),
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows)),
  );
}

function list(title: string, lines: readonly string[], open: boolean): HTMLElement {
  const items = lines.map((line) => element('li', {}, line));
  return element('details', { open }, element('summary', {}, title), element('ul', {}, ...items));
}

function button(title: string, onclick: () => void): HTMLElement {
  return element('button', { type: 'button', class: 'quiet', onclick }, title);
}
