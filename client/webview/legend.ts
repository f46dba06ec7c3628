import { element, text } from './dom.ts';
import { type Fills, fills, readTheme, type Theme } from './theme.ts';
import type { LaidOver } from './verified-run.ts';

const ENTRIES: readonly {
  readonly fill: (fills: Fills, theme: Theme) => string | CanvasPattern;
  readonly title: string;
  readonly models?: true;
}[] = [
  { fill: (fills) => fills.old, title: 'old code' },
  { fill: (fills) => fills.new, title: 'new code' },
  { fill: (fills) => fills['blocked-old'], title: 'blocked: can’t switch' },
  { fill: (_, theme) => theme.signal, title: 'new, inside an old call', models: true },
  { fill: (_, theme) => theme.rest, title: 'stands still', models: true },
];

/** What the fillings mean. */
export class Legend {
  readonly element: HTMLElement;
  private readonly samples = ENTRIES.map((entry) => {
    const canvas = element('canvas', { 'aria-hidden': 'true' });
    return { ...entry, canvas, element: element('span', {}, canvas, entry.title) };
  });
  private readonly verified = element('span', { hidden: true });
  private readonly signal = element('span', { class: 'signal-legend' }, '▲ signal round');

  constructor() {
    this.element = element(
      'div',
      { class: 'legend' },
      ...this.samples.map((sample) => sample.element),
      this.signal,
      this.verified,
    );
  }

  /** Whether it stands under the comparison of models, which has other states and no signals. */
  forModels(on: boolean): void {
    for (const sample of this.samples) sample.element.hidden = sample.models === true && !on;
    this.signal.hidden = on;
  }

  /** Whether each task has a second bar. */
  forVerified(laidOver: LaidOver | null): void {
    this.verified.hidden = laidOver === null;
    if (laidOver !== null) {
      text(this.verified, `upper bar: simulator, lower bar: Linux ${laidOver.verified.release}, ≠ they differ`);
    }
  }

  /** After the page got its size, and whenever the theme changes. */
  paint(): void {
    const theme = readTheme();
    const scale = window.devicePixelRatio || 1;
    for (const { fill, canvas } of this.samples) {
      canvas.width = Math.round(22 * scale);
      canvas.height = Math.round(12 * scale);
      const context = canvas.getContext('2d');
      if (context === null) continue;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.fillStyle = fill(fills(context, theme, scale), theme);
      context.fillRect(0, 0, 22, 12);
    }
  }
}
