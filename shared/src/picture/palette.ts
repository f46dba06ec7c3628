export type PictureTheme = 'dark' | 'light' | 'high-contrast' | 'high-contrast-light';

/** Colours of the SVG pictures. Beside its colour `blocked` is hatched, so that a picture reads without colour. */
export interface Palette {
  readonly background: string;
  readonly border: string;
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly old: string;
  readonly new: string;
  readonly blocked: string;
  readonly hatch: string;
  readonly rest: string;
  readonly signal: string;
}

const DARK: Palette = {
  background: '#1f1f1f',
  border: '#454545',
  text: '#d4d4d4',
  faint: '#a0a0a0',
  grid: '#333333',
  old: '#b8862b',
  new: '#2aa198',
  blocked: '#d1453b',
  hatch: '#7a1f18',
  rest: '#5a5a5a',
  signal: '#d18ad6',
};

export const PALETTES: { readonly [theme in PictureTheme]: Palette } = {
  dark: DARK,
  light: {
    background: '#ffffff',
    border: '#c8c8c8',
    text: '#1f1f1f',
    faint: '#5f5f5f',
    grid: '#e4e4e4',
    old: '#c98a12',
    new: '#168a7f',
    blocked: '#c0392b',
    hatch: '#f4c7c2',
    rest: '#b4b4b4',
    signal: '#8e3a95',
  },
  'high-contrast': {
    ...DARK,
    background: '#000000',
    border: '#ffffff',
    text: '#ffffff',
    faint: '#ffffff',
    grid: '#6b6b6b',
    old: '#ffb000',
    new: '#00d7c3',
    blocked: '#ff5347',
    hatch: '#000000',
    rest: '#8a8a8a',
    signal: '#ff9dff',
  },
  'high-contrast-light': {
    background: '#ffffff',
    border: '#000000',
    text: '#000000',
    faint: '#000000',
    grid: '#9a9a9a',
    old: '#8a5a00',
    new: '#00695f',
    blocked: '#a3000b',
    hatch: '#ffffff',
    rest: '#6b6b6b',
    signal: '#6a006f',
  },
};

const HATCH_ID = 'h';

/** What `blocked` is filled with: url(#h), to be defined once in a document. */
export function hatchDefinition({ blocked, hatch }: Palette): string {
  return `<defs><pattern id="${HATCH_ID}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="${blocked}"/><rect width="2.5" height="6" fill="${hatch}"/></pattern></defs>`;
}

export const HATCH = `url(#${HATCH_ID})`;

export const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
