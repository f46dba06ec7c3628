/** Attributes, listeners (`onclick`) and text for `element()`. Never `style`: the content security policy forbids it. */
type Properties = { readonly [name: string]: string | number | boolean | null | ((event: never) => void) };

/** Makes an element. False and null leave an attribute out, true writes it empty. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string | null)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);
}

function fill<E extends Element>(made: E, properties: Properties, children: readonly (Node | string | null)[]): E {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Sets or removes an attribute only when that changes something. */
export function attribute(target: Element, name: string, value: string | null): void {
  if (target.getAttribute(name) === value) return;
  if (value === null) target.removeAttribute(name);
  else target.setAttribute(name, value);
}

/** Sets text only when it changes: screen readers speak up at every write. */
export function text(target: Element, value: string): void {
  if (target.textContent !== value) target.textContent = value;
}

const PATHS = {
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  next: 'M3 3v10l6.5-5zM11 3h2v10h-2z',
  previous: 'M13 3v10L6.5 8zM3 3h2v10H3z',
  start: 'M2 3h2v10H2zM14 3v10L9.5 8zM9 3v10L4.5 8z',
  closed: 'M6 4l4 4-4 4z',
  open: 'M4 6h8l-4 5z',
  zoomIn: 'M7 3h2v4h4v2H9v4H7V9H3V7h4z',
  zoomOut: 'M3 7h10v2H3z',
  zoomAll: 'M2 3h1.5v10H2zM12.5 3H14v10h-1.5zM4.5 8l3-2.5v1.800h1V5.5l3 2.5-3 2.5V8.700h-1v1.800z',
  close: 'M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  return svgElement(
    'svg',
    { class: 'icon', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' },
    svgElement('path', { d: PATHS[name], fill: 'currentColor' }),
  );
}
