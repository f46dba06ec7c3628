import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import type { Action, Step } from '../../../shared/src/simulator/step.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import { ALL_CALLBACKS, asleep, events, load, machine, patch, play, SECOND, task, write } from './support.ts';

/** What real kernels did, line for line. The recordings hold the steps, too. */

interface Recording {
  readonly steps: readonly Step[];
  /** Everything but comments and waits. */
  readonly lines: readonly string[];
}

/** Microseconds that a step took in the guest, about. */
const STEP_TIME = 20_000;

function readRecording(release: string): Recording {
  const text = readFileSync(new URL(`recorded/debian-${release}.txt`, import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
  const steps: Step[] = [];
  let at = 2 * SECOND;
  for (const line of lines) {
    const wait = /^wait (\d+) s$/.exec(line);
    if (wait !== null) at += Number(wait[1]) * SECOND;
    const step = /^> (.*): (-?\d+)$/.exec(line);
    if (step?.[1] === undefined) continue;
    at += STEP_TIME;
    steps.push({ at, ...parseAction(step[1]) });
  }
  return { steps, lines: lines.filter((line) => !line.startsWith('wait')) };
}

function parseAction(text: string): Action {
  const [verb, subject = '', value = ''] = text.split(' ');
  switch (verb) {
    case 'load':
      return load(
        patch(subject, { tgt: { funcs: ['tgt_wait'], callbacks: ALL_CALLBACKS } }, { replace: subject === 'rep' }),
      );
    case 'unload':
      return { do: 'unload', module: subject };
    case 'write':
      return write(subject, value);
    case 'sysctl':
      return { do: 'sysctl', name: subject, value };
    default:
      throw new Error(`a recording holds '${text}'`);
  }
}

/** The trace in the recording's form. */
function render(trace: Trace): string[] {
  const lines: string[] = [];
  for (const event of trace.events) {
    if (event.type === 'log' && !event.text.includes('klp_try_switch_task'))
      lines.push(event.text.replace(/^livepatch: /, ''));
    if (event.type === 'callback') lines.push(`[${event.callback} ${event.object}]`);
    if (event.type !== 'step') continue;
    if (event.index > 0) lines.push(sysfs(trace, event.at - 1));
    lines.push(`> ${actionText(event.step)}: ${event.errno}`);
  }
  return lines;
}

function actionText(step: Step): string {
  if (step.do === 'load') return `load ${step.image.module}`;
  if (step.do === 'write') return `write ${step.path} ${step.value}`.trimEnd();
  if (step.do === 'sysctl') return `sysctl ${step.name} ${step.value}`;
  return `${step.do} ${'task' in step ? step.task : step.module}`;
}

function sysfs(trace: Trace, at: number): string {
  const nodes = stateAt(trace, at).sysfs.map(({ path, kind, value }) =>
    kind === 'dir' ? `${path}/` : `${path}=${value ?? ''}`,
  );
  return ['#', ...nodes.sort()].join(' ');
}

/** The task of the recordings: 60 s in tgt_wait(), where no signal reaches it, and then gone. */
const stack = [
  '__schedule',
  'schedule',
  'schedule_timeout',
  'msleep',
  'tgt_wait [tgt]',
  'rdu [tgt]',
  'proc_reg_read',
  'vfs_read',
  'ksys_read',
];
const workload = machine(
  [
    asleep('init', ['do_wait', 'kernel_wait4', '__do_sys_wait4']),
    task('cat', [
      { do: 'sleep', for: { min: 61 * SECOND, max: 61 * SECOND }, stack, state: 'uninterruptible' },
      { do: 'exit' },
    ]),
  ],
  { modules: ['tgt'] },
);

it.each([
  ['6.12', '6.12.117'],
  ['6.1', '6.1.192'],
])('Linux %s (Debian %s)', (kernel, release) => {
  const { steps, lines } = readRecording(release);
  // Where in its sleep the task begins is up to the seed: one is needed that lets it sleep as long as it did.
  let trace: Trace | undefined;
  for (let seed = 0; seed < 300 && trace === undefined; seed++) {
    const run = play(workload, steps, { kernel, seed, timeLimit: 200 * SECOND });
    if ((events(run, 'exit')[0]?.at ?? 0) > 58 * SECOND) trace = run;
  }
  if (trace === undefined) throw new Error('no seed fits');
  expect(lines.length).toBeGreaterThan(100);
  // The recordings tell of sysfs now and then only.
  const actual: string[] = [];
  for (const line of render(trace)) {
    if (!line.startsWith('#') || lines[actual.length]?.startsWith('#')) actual.push(line);
  }
  expect(actual).toEqual(lines);
});
