import { type Command, commandOf } from './keys.ts';

/** The command of a key as it was pressed in the page: fields, lists and buttons keep the keys that are theirs. */
export function commandFor(event: KeyboardEvent): Command | null {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('select, input')) return null;
  const command = commandOf(event);
  const forButton = command?.do === 'play' || command?.do === 'fold-or-open';
  return forButton && target?.closest('button, summary') ? null : command;
}
