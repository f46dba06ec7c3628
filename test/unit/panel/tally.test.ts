import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { segmentAt, tally, tallyText } from '../../../client/webview/tally.ts';
import { lane, task } from './traces.ts';

const nginx = lane(task(1, 'nginx'), 0, 'rest', 100, 'old', 120, 'blocked-old', 500, 'new', 1000);

describe('segmentAt', () => {
  test('a segment begins at its start and ends before its end', () => {
    expect(segmentAt(nginx, 99)?.state).toBe('rest');
    expect(segmentAt(nginx, 100)?.state).toBe('old');
    expect(segmentAt(nginx, 499)?.state).toBe('blocked-old');
    expect(segmentAt(nginx, 500)?.state).toBe('new');
  });

  test('the end of the run belongs to the last one', () => {
    expect(segmentAt(nginx, 1000)?.state).toBe('new');
    expect(segmentAt(nginx, 1001)).toBeNull();
  });

  test('a forked task is not there before its fork', () => {
    expect(segmentAt(lane(task(2, 'sh'), 300, 'old', 400), 299)).toBeNull();
  });

  test('finds what a search from the start finds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (at) => {
        expect(segmentAt(nginx, at)).toBe(nginx.segments.find(({ from, to }) => at >= from && at < to));
      }),
    );
  });
});

describe('tally', () => {
  test('counts who lives, each once', () => {
    const lanes = [nginx, lane(task(2, 'sh'), 300, 'new', 400), lane(task(3, 'bash'), 0, 'old', 1000)];
    expect(tally(lanes, 350)).toEqual({ old: 1, new: 1, blocked: 1, rest: 0 });
    expect(tally(lanes, 450)).toEqual({ old: 1, new: 0, blocked: 1, rest: 0 });
  });

  test('in words, with the right numbers', () => {
    expect(tallyText({ old: 1, new: 211, blocked: 2, rest: 0 })).toBe(
      '211 tasks run new code, 1 task runs old code, 2 tasks are blocked',
    );
    expect(tallyText({ old: 0, new: 0, blocked: 0, rest: 1 })).toBe('1 task, nothing patched');
    expect(tallyText({ old: 0, new: 0, blocked: 0, rest: 0 })).toBe('no tasks');
  });
});
