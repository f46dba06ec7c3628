import { errnoName } from './errno-names.ts';
import { blockedTasks, callbackIn, type ScenarioRecord, type StepRecord } from './record.ts';
import type { Expectation, Scenario, TextSpan } from './scenario.ts';

/** Something that did not come as the scenario says. */
export interface Failure {
  /** Place of the step. */
  readonly step: number;
  readonly source: TextSpan;
  readonly message: string;
  /** Both sides as texts, where they can be laid side by side. */
  readonly difference?: Difference;
}

export interface Difference {
  readonly expected: string;
  readonly actual: string;
}

export interface Judgement {
  readonly failures: readonly Failure[];
  /** What could not be looked at, for people. */
  readonly notes: readonly string[];
}

/** Compares what happened with what the scenario expects. Looks at the record only. */
export function judge(scenario: Scenario, record: ScenarioRecord): Judgement {
  const failures: Failure[] = [];
  const notes = new Set<string>();
  let lines: string[] = [];
  const tellsCallbacks = record.steps.some(({ log }) => log.some((line) => callbackIn(line) !== null));
  scenario.steps.forEach((step, index) => {
    const done = record.steps[index];
    const say: Say = (source, message, difference) =>
      failures.push({ step: index, source, message, ...(difference ? { difference } : {}) });
    if (!done) return;
    if (step.do !== 'expect') {
      if (step.errno !== null && step.errno !== done.errno) {
        say(step.source, `It returned ${errnoName(done.errno)}, not ${errnoName(step.errno)}.`);
      }
      lines.push(...done.log);
      return;
    }
    // Until it can be looked at some time passes on a real machine.
    lines.push(...done.log);
    const seen: Seen = { lines, done, took: tookMicros(scenario, record, index) };
    if (
      step.expect.callbacks &&
      step.expect.callbacks.names.length > 0 &&
      record.by !== 'simulator' &&
      !tellsCallbacks
    ) {
      notes.add('Callbacks were not looked at: no module prints "callback NAME OBJECT".');
      const { callbacks: _, ...rest } = step.expect;
      lookAt(rest, seen, say);
    } else {
      lookAt(step.expect, seen, say);
    }
    lines = [];
  });
  if (record.broken !== null) {
    const step = Math.max(0, record.steps.length - 1);
    failures.push({ step, source: scenario.steps[step]?.source ?? { start: 0, end: 0 }, message: record.broken });
  }
  return { failures, notes: [...notes] };
}

interface Seen {
  readonly lines: readonly string[];
  readonly done: StepRecord;
  readonly took: number | null;
}

type Say = (source: TextSpan, message: string, difference?: Difference) => void;

function lookAt(expect: Expectation, { lines, done, took }: Seen, say: Say): void {
  const inLog = (): Difference => ({
    expected: (expect.log ?? []).map(({ text }) => text).join('\n'),
    actual: lines.join('\n'),
  });
  let from = 0;
  for (const { source, text } of expect.log ?? []) {
    const found = lines.findIndex((line, place) => place >= from && line.includes(text));
    if (found >= 0) {
      from = found + 1;
    } else if (lines.some((line) => line.includes(text))) {
      say(source, 'The line is in the log, but not in this order.', inLog());
    } else {
      say(source, `No such line is in the log${lines.length === 0 ? ', which is empty' : ''}.`, inLog());
    }
  }
  for (const { source, text } of expect.noLog ?? []) {
    const line = lines.find((each) => each.includes(text));
    if (line !== undefined) say(source, `The log has "${line}".`);
  }
  if (expect.callbacks) {
    const ran = lines.flatMap((line) => callbackIn(line) ?? []);
    const { names, source } = expect.callbacks;
    if (ran.join() !== names.join()) {
      const difference = { expected: names.join('\n'), actual: ran.join('\n') };
      say(source, `The callbacks were: ${ran.join(', ') || 'none'}.`, difference);
    }
  }
  for (const { source, path, value } of expect.sysfs ?? []) {
    const there = Object.hasOwn(done.sysfs, path) ? (done.sysfs[path] ?? '') : null;
    if (there !== value)
      say(source, there === null ? 'It is not there.' : value === null ? 'It is there.' : `It is "${there}".`);
  }
  for (const { source, task, state } of expect.patchState ?? []) {
    const there = done.tasks.find(({ name }) => name === task)?.patchState ?? 'gone';
    if (there !== state) say(source, there === 'gone' ? 'The task is gone.' : `patch_state of ${task} is ${there}.`);
  }
  for (const { source, task, times } of expect.eintr ?? []) {
    const there = done.tasks.find(({ name }) => name === task)?.eintr;
    if (there === undefined) say(source, 'The task is gone.');
    else if (there !== times) say(source, `It was ${there} ${there === 1 ? 'time' : 'times'}.`);
  }
  if (expect.blocked) lookAtBlocked(expect.blocked, done, say);
  if (expect.took) {
    const { source, atLeast, atMost } = expect.took;
    if (took === null) say(source, 'No step before this one waits for a transition.');
    else if (took < atLeast * 1e6 || took > atMost * 1e6) say(source, `It took ${(took / 1e6).toFixed(1)} s.`);
  }
}

function lookAtBlocked({ source, tasks }: NonNullable<Expectation['blocked']>, done: StepRecord, say: Say): void {
  const blocked = blockedTasks(done);
  for (const [task, func] of tasks) {
    const found = blocked.find(({ name }) => name === task);
    if (!found) say(source, `${task} does not hold the transition up.`);
    else if (func !== null && !found.stack.some((frame) => frame === func || frame.startsWith(`${func} [`))) {
      say(source, `${func}() is not on the stack of ${task}: ${found.stack.join(', ') || 'it is empty'}.`);
    }
  }
  for (const { name } of blocked) if (!tasks.has(name)) say(source, `${name} holds the transition up, too.`);
}

/** Microseconds from the last step that did something to the end of the last waiting for a transition. */
function tookMicros(scenario: Scenario, record: ScenarioRecord, index: number): number | null {
  const waited = scenario.steps.findLastIndex((step, place) => place < index && step.do === 'wait-transition');
  if (waited < 0) return null;
  const acted = scenario.steps.findLastIndex(
    (step, place) => place < waited && !['wait', 'wait-transition', 'expect'].includes(step.do),
  );
  const from = record.steps[acted]?.at ?? 0;
  return (record.steps[waited]?.until ?? from) - from;
}
