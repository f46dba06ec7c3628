import { describe, expect, test } from 'vitest';
import { type Folds, visibleRows } from '../../../client/webview/rows.ts';
import { groupLanes, type Lane } from '../../../shared/src/picture/lanes.ts';
import { lane, task } from './traces.ts';

const END = 16_000_000;
const quick = (id: number, comm: string, at = 1000): Lane => lane(task(id, comm), 0, 'old', at, 'new', END);
const held = (id: number, comm: string): Lane => lane(task(id, comm), 0, 'blocked-old', 15_000_000, 'new', END);

/** The rows as an outline: two blanks a level, `-` unfolded, `+` folded. */
function outline(lanes: readonly Lane[], folds: Folds = {}): string[] {
  return visibleRows(groupLanes(lanes), folds, END).map(
    ({ depth, label, expanded }) => `${'  '.repeat(depth)}${expanded === null ? '' : expanded ? '- ' : '+ '}${label}`,
  );
}

describe('rows', () => {
  test('a group in which somebody is held up for long is unfolded and on top, the others are not', () => {
    const lanes = [quick(10, 'bash'), quick(11, 'bash'), quick(20, 'nginx'), held(21, 'nginx')];
    expect(outline(lanes)).toEqual(['- nginx (2)', '  nginx:21', '  nginx:20', '+ bash (2)']);
  });

  test('a short delay unfolds nothing', () => {
    const short = lane(task(20, 'nginx'), 0, 'blocked-old', 400_000, 'new', END);
    expect(outline([short, quick(21, 'nginx'), quick(22, 'nginx')])).toEqual(['+ nginx (3)']);
  });

  test('a task alone in its group needs no group', () => {
    expect(outline([held(1, 'systemd'), quick(2, 'cron')])).toEqual(['systemd:1', 'cron:2']);
  });

  test('tasks that do the same at the same time are one row, which unfolds', () => {
    const lanes = [held(1, 'nginx'), ...[2, 3, 4, 5].map((id) => quick(id, 'nginx', 1000 * id))];
    expect(outline(lanes)).toEqual(['- nginx (5)', '  nginx:1', '  + nginx ×4']);
    const alike = visibleRows(groupLanes(lanes), {}, END)[2];
    expect(outline(lanes, { [alike?.id ?? '']: true })).toEqual([
      '- nginx (5)',
      '  nginx:1',
      '  - nginx ×4',
      ...[2, 3, 4, 5].map((id) => `    nginx:${id}`),
    ]);
  });

  test('a group whose tasks are all alike has no second row of the same', () => {
    const lanes = [1, 2, 3, 4].map((id) => held(id, 'nginx'));
    expect(outline(lanes)).toEqual(['- nginx (4)', '  nginx:1', '  nginx:2', '  nginx:3', '  nginx:4']);
  });

  test('folds override what is unfolded at first', () => {
    const lanes = [quick(10, 'bash'), quick(11, 'bash'), quick(20, 'nginx'), held(21, 'nginx')];
    const folds = { 'group:nginx': false, 'group:bash': true };
    expect(outline(lanes, folds)).toEqual(['+ nginx (2)', '- bash (2)', '  bash:10', '  bash:11']);
  });

  test('ids stay the same when another seed moves the times', () => {
    const ids = (at: number): string[] =>
      visibleRows(groupLanes([held(1, 'nginx'), quick(2, 'nginx', at)]), {}, END).map(({ id }) => id);
    expect(ids(1000)).toEqual(ids(90_000));
  });

  test('idle tasks have their CPU in the name already', () => {
    expect(outline([lane(task(-1, 'swapper/0', 'idle'), 0, 'new', END)])).toEqual(['swapper/0']);
  });
});
