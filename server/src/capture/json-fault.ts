const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Where a text stops being JSON, as an offset; its length when it ends too early, and null when it is JSON. Engines word
 * the errors of JSON.parse() differently and don't always say where.
 */
export function jsonFault(text: string): number | null {
  const open: ('{' | '[')[] = [];
  let at = 0;
  let wants: 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'comma-or-end' = 'value';
  for (;;) {
    at = past(SPACE, text, at) ?? at;
    const char = text[at];
    const inside = open[open.length - 1];
    if (wants === 'comma-or-end') {
      if (inside === undefined) return at === text.length ? null : at;
      if (char === ',') {
        wants = inside === '{' ? 'key' : 'value';
        at += 1;
      } else if (char === (inside === '{' ? '}' : ']')) {
        open.pop();
        at += 1;
      } else return at;
    } else if ((wants === 'key-or-end' && char === '}') || (wants === 'value-or-end' && char === ']')) {
      open.pop();
      wants = 'comma-or-end';
      at += 1;
    } else if (wants === 'key' || wants === 'key-or-end') {
      const { end, ok } = stringEnd(text, at);
      if (!ok) return end;
      at = past(SPACE, text, end) ?? end;
      if (text[at] !== ':') return at;
      wants = 'value';
      at += 1;
    } else if (char === '{' || char === '[') {
      open.push(char);
      wants = char === '{' ? 'key-or-end' : 'value-or-end';
      at += 1;
    } else if (char === '"') {
      const { end, ok } = stringEnd(text, at);
      if (!ok) return end;
      wants = 'comma-or-end';
      at = end;
    } else {
      const end = past(WORD, text, at) ?? past(NUMBER, text, at);
      if (end === null) return /^(?:-|t|tr|tru|f|fa|fal|fals|n|nu|nul)$/.test(text.slice(at)) ? text.length : at;
      wants = 'comma-or-end';
      at = end;
    }
  }
}

/** The end of a string that begins at `at`, or where it goes wrong. */
function stringEnd(text: string, at: number): { readonly end: number; readonly ok: boolean } {
  if (text[at] !== '"') return { end: at, ok: false };
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') return { end: i + 1, ok: true };
    if (char < ' ') return { end: i, ok: false };
    if (char !== '\\') continue;
    const end = past(ESCAPE, text, i);
    if (end === null) return { end: text.length - i < 6 ? text.length : i, ok: false };
    i = end - 1;
  }
  return { end: text.length, ok: false };
}

function past(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}
