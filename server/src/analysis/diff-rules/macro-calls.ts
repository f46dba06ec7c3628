import type { SourceRange } from '../../../../shared/src/model/index.ts';
import { changedTokens, type DiffCode, lineRange } from './diff-code.ts';
import type { CodeToken } from './hunk-code.ts';

export interface MacroCall {
  readonly range: SourceRange;
  readonly macro: string;
  /** The first argument. */
  readonly argument: string;
  readonly change: 'added' | 'removed';
}

/** The calls that stand first on a line, on one side of the diff only; those that are moved are not among them. */
export function addedOrRemovedCalls(code: DiffCode, macro: RegExp): MacroCall[] {
  const hunks = code.files.flatMap((file) => file.hunks);
  const removed = hunks.flatMap((hunk) => calls(code, hunk.old, macro, 'removed'));
  const added = hunks.flatMap((hunk) => calls(code, hunk.new, macro, 'added'));
  return [...without(removed, added), ...without(added, removed)];
}

function without(these: readonly MacroCall[], others: readonly MacroCall[]): MacroCall[] {
  const known = new Set(others.map(({ macro, argument }) => `${macro} ${argument}`));
  return these.filter(({ macro, argument }) => !known.has(`${macro} ${argument}`));
}

function calls(code: DiffCode, side: readonly CodeToken[], macro: RegExp, change: MacroCall['change']): MacroCall[] {
  const changed = changedTokens(side);
  return changed.flatMap(({ token, line }, index) => {
    const [open, argument] = [changed[index + 1], changed[index + 2]];
    if (token.kind !== 'name' || !token.firstOnLine || !macro.test(token.text)) return [];
    if (open?.token.text !== '(' || argument?.token.kind !== 'name') return [];
    return [{ range: lineRange(code, line), macro: token.text, argument: argument.token.text, change }];
  });
}
