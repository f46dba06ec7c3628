import { expect, it } from 'vitest';
import { planText } from '../../../server/src/kernel-runner/guest-plan.ts';

it('writes a line for each step, with the limits of the plan and of a step first', () => {
  const text = planText({
    name: 'enable and disable',
    limit: 60_000,
    stepLimit: 20_000,
    steps: [
      { do: 'insmod', file: '/modules/lp.ko', params: 'returns=-19' },
      { do: 'start', name: 'reader', what: 'read', argument: '/proc/x' },
      { do: 'start', name: 'spinner', what: 'spin' },
      { do: 'wait-quiet', limit: 40_000 },
      { do: 'rmmod', module: 'lp', patience: 2_000 },
    ],
  });
  expect(text.split('\n')).toEqual([
    '60000 20000',
    'insmod\t/modules/lp.ko\treturns=-19',
    'start\treader\tread\t/proc/x',
    'start\tspinner\tspin',
    'wait-quiet\t40000',
    'rmmod\tlp\t2000',
    '',
  ]);
});

it('escapes what would end a field or a line', () => {
  const text = planText({ name: 'x', limit: 1, steps: [{ do: 'shell', command: 'printf "a\\n"\n\techo' }] });
  expect(text).toBe('1 1\nshell\tprintf "a\\\\n"\\n\\techo\n');
});

it('says when nothing else may run after it', () => {
  expect(planText({ name: 'x', limit: 5, alone: true, steps: [{ do: 'tasks' }] })).toBe('5 5 alone\ntasks\n');
});
