import type { Sheet } from '../../shared/src/panel-messages.ts';

/** What a key does, apart from where the focus is. */
export type Command =
  | { readonly do: 'play' | 'fold-or-open' | 'back' | 'table' | 'filter' | 'help' | 'start' | 'end' }
  /** Shows it, or the tasks when it is shown already. */
  | { readonly do: 'sheet'; readonly sheet: Sheet }
  | { readonly do: 'moment' | 'row'; readonly direction: 1 | -1 }
  /** Moves the time by a share of what is in sight. */
  | { readonly do: 'move'; readonly share: number }
  /** Null shows the whole run. */
  | { readonly do: 'zoom'; readonly factor: number | null };

export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** The panel's keys. Null for keys that belong to the editor or the browser. */
export function commandOf(key: Key): Command | null {
  if (key.ctrlKey || key.altKey || key.metaKey) return null;
  const far = key.shiftKey ? 10 : 1;
  switch (key.key) {
    case ' ':
      return { do: 'play' };
    case 'ArrowLeft':
      return { do: 'move', share: -far / 100 };
    case 'ArrowRight':
      return { do: 'move', share: far / 100 };
    case 'ArrowUp':
      return { do: 'row', direction: -1 };
    case 'ArrowDown':
      return { do: 'row', direction: 1 };
    case 'Home':
      return { do: 'start' };
    case 'End':
      return { do: 'end' };
    case ',':
      return { do: 'moment', direction: -1 };
    case '.':
      return { do: 'moment', direction: 1 };
    case 'Enter':
      return { do: 'fold-or-open' };
    case 'Escape':
      return { do: 'back' };
    case '+':
    case '=':
      return { do: 'zoom', factor: 0.5 };
    case '-':
      return { do: 'zoom', factor: 2 };
    case '0':
      return { do: 'zoom', factor: null };
    case 't':
      return { do: 'table' };
    case 'r':
      return { do: 'sheet', sheet: 'runs' };
    case 'p':
      return { do: 'sheet', sheet: 'policies' };
    case 'm':
      return { do: 'sheet', sheet: 'models' };
    case '/':
      return { do: 'filter' };
    case '?':
      return { do: 'help' };
    default:
      return null;
  }
}
