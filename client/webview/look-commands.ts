import type { Command } from './keys.ts';
import { asView, type Look, shownView } from './look.ts';
import { neighbour } from './moments.ts';
import type { Row } from './rows.ts';
import { reveal, wholeRun, zoom } from './view.ts';

export interface LookedAt {
  readonly rows: readonly Row[];
  /** Times that stepping stops at. */
  readonly moments: readonly number[];
  /** Of the run, in microseconds. */
  readonly end: number;
}

/** The look after a command that changes nothing else; null for other commands. */
export function lookAfter(command: Command, look: Look, { rows, moments, end }: LookedAt): Look | null {
  const view = shownView(look, end);
  switch (command.do) {
    case 'move':
      return movedTo(look, look.cursor + Math.round((view.to - view.from) * command.share), end);
    case 'moment':
      return movedTo(look, neighbour(moments, look.cursor, command.direction), end);
    case 'start':
      return movedTo(look, 0, end);
    case 'end':
      return movedTo(look, end, end);
    case 'zoom': {
      const next = command.factor === null ? wholeRun(end) : zoom(view, command.factor, look.cursor, end);
      return { ...look, view: asView(next, end) };
    }
    case 'row': {
      const index = rows.findIndex(({ id }) => id === look.selected);
      const next = rows[index < 0 ? 0 : Math.min(Math.max(index + command.direction, 0), rows.length - 1)];
      return { ...look, selected: next?.id ?? look.selected };
    }
    case 'table':
      return { ...look, table: !look.table };
    case 'sheet':
      return { ...look, sheet: look.sheet === command.sheet ? null : command.sheet };
    default:
      return null;
  }
}

/** The cursor at a time within the run, and in sight. */
export function movedTo(look: Look, at: number, end: number): Look {
  const cursor = Math.round(Math.min(Math.max(at, 0), end));
  return { ...look, cursor, view: look.view === null ? null : reveal(look.view, cursor, end) };
}
