import { element } from './dom.ts';
import { fills, readTheme } from './theme.ts';

const ENTRIES = [
  ['old', 'old code'],
  ['new', 'new code'],
  ['blocked-old', 'blocked: can’t switch'],
] as const;

/** What the fillings mean. */
export class Legend {
  readonly element: HTMLElement;
  private readonly samples = ENTRIES.map(([state]) => ({
    state,
    canvas: element('canvas', { 'aria-hidden': 'true' }),
  }));

  constructor() {
    this.element = element(
      'div',
      { class: 'legend' },
      ...this.samples.map(({ canvas }, index) => element('span', {}, canvas, ENTRIES[index]?.[1] ?? '')),
      element('span', { class: 'signal-legend' }, '▲ signal round'),
    );
  }

  /** After the page got its size, and whenever the theme changes. */
  paint(): void {
    const theme = readTheme();
    const scale = window.devicePixelRatio || 1;
    for (const { state, canvas } of this.samples) {
      canvas.width = Math.round(22 * scale);
      canvas.height = Math.round(12 * scale);
      const context = canvas.getContext('2d');
      if (context === null) continue;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.fillStyle = fills(context, theme, scale)[state];
      context.fillRect(0, 0, 22, 12);
    }
  }
}
