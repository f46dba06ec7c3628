import type { SegmentState } from '../../shared/src/picture/lanes.ts';

/** Colours of the canvas, read from the style sheet, which takes them from the editor's theme. */
export interface Theme {
  readonly text: string;
  readonly ground: string;
  readonly faint: string;
  readonly grid: string;
  readonly cursor: string;
  readonly signal: string;
  readonly step: string;
  readonly old: string;
  readonly new: string;
  readonly rest: string;
  readonly blocked: string;
  /** The lines of the hatching, and the dots of the old code: states differ in pattern, not in colour alone. */
  readonly hatch: string;
  readonly dots: string;
  readonly font: string;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const color = (name: string): string => style.getPropertyValue(`--lp-${name}`).trim();
  return {
    text: color('text'),
    ground: color('ground'),
    faint: color('faint'),
    grid: color('grid'),
    cursor: color('cursor'),
    signal: color('signal'),
    step: color('step'),
    old: color('old'),
    new: color('new'),
    rest: color('rest'),
    blocked: color('blocked'),
    hatch: color('hatch'),
    dots: color('dots'),
    font: style.fontFamily,
  };
}

export type Fills = { readonly [state in SegmentState]: string | CanvasPattern };

/** How each state is filled on a canvas whose pixels are `scale` times finer than CSS pixels. */
export function fills(context: CanvasRenderingContext2D, theme: Theme, scale: number): Fills {
  const blocked = pattern(context, scale, theme.blocked, (tile, size) => {
    tile.strokeStyle = theme.hatch;
    tile.lineWidth = size / 3.2;
    for (const shift of [-size, 0, size]) {
      tile.beginPath();
      tile.moveTo(shift - 1, size + 1);
      tile.lineTo(shift + size + 1, -1);
      tile.stroke();
    }
  });
  const old = pattern(context, scale, theme.old, (tile, size) => {
    tile.fillStyle = theme.dots;
    tile.fillRect(size / 4, size / 4, size / 4.5, size / 4.5);
    tile.fillRect((size * 3) / 4, (size * 3) / 4, size / 4.5, size / 4.5);
  });
  return { rest: theme.rest, old, new: theme.new, 'blocked-old': blocked, 'blocked-new': blocked };
}

function pattern(
  context: CanvasRenderingContext2D,
  scale: number,
  ground: string,
  draw: (tile: CanvasRenderingContext2D, size: number) => void,
): string | CanvasPattern {
  const size = Math.round(8 * scale);
  const canvas = document.createElement('canvas');
  canvas.width = size;
  canvas.height = size;
  const tile = canvas.getContext('2d');
  if (tile === null) return ground;
  tile.fillStyle = ground;
  tile.fillRect(0, 0, size, size);
  draw(tile, size);
  const made = context.createPattern(canvas, 'repeat');
  made?.setTransform(new DOMMatrix().scale(1 / scale));
  return made ?? ground;
}
