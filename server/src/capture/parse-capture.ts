import { type Capture, type CapturedTask, FORMAT, FORMAT_VERSION, type Sample } from './capture-format.ts';
import {
  CaptureError,
  elements,
  type Field,
  member,
  number,
  oneOf,
  optional,
  printable,
  text,
  truth,
  wrong,
} from './fields.ts';
import { jsonFault } from './json-fault.ts';

/** A recording of 100,000 tasks has about 100 million characters. */
const MAX_TEXT = 256_000_000;
const MAX_TASKS = 200_000;
const MAX_CPUS = 8192;
/** /proc/PID/stack shows 64 frames. */
const MAX_FRAMES = 64;
const MAX_NAME = 64;
const MAX_FUNCTION = 512;
const MAX_LIST = 20_000;
/** In seconds: more than three thousand years. */
const MAX_TIME = 1e11;
/** 64-bit counters, as a number has them. */
const MAX_COUNT = 2 ** 64;
const MAX_PID = 2 ** 22;

const FRAME = /^[^\s[\]]+(?: \[[^\s[\]]+\])?$/;

/**
 * Reads what capture.sh wrote. Warnings are sentences for people.
 *
 * @throws CaptureError that says what is wrong, and where
 */
export function parseCapture(json: string): { readonly capture: Capture; readonly warnings: string[] } {
  const root: Field = { path: '', value: parseJson(json) };
  const warnings: string[] = [];
  checkFormat(root, warnings);
  const samples = elements(member(root, 'samples'), 100).map(sample);
  const last = samples[samples.length - 1];
  if (!last) throw new CaptureError('samples is empty: there are no tasks in this recording.');
  const forward = samples.filter(({ uptime }, i) => samples.slice(i + 1).every((later) => later.uptime > uptime));
  if (forward.length < 2) {
    warnings.push(
      'The recording has no second sample that is later than the first: how often tasks wake is taken from their whole lives.',
    );
  }
  for (const problem of optional(member(root, 'problems'), (field) => elements(field, MAX_LIST)) ?? []) {
    warnings.push(`When it was recorded: ${printable(text(problem, 1000))}.`);
  }
  const capture: Capture = {
    captured: printable(text(member(root, 'captured'), MAX_NAME)),
    kernel: printable(text(member(root, 'kernel'), 128)),
    machine: printable(text(member(root, 'machine'), MAX_NAME)),
    cpus: cpuList(member(root, 'cpus')),
    nohzFull: cpuList(member(root, 'nohzFull')),
    hz: optional(member(root, 'hz'), (field) => number(field, 10_000)),
    clockTicks: optional(member(root, 'clockTicks'), (field) => number(field, 10_000)) || 100,
    recorder: optional(member(root, 'recorder'), (field) => number(field, MAX_PID)),
    modules: names(member(root, 'modules')),
    livepatches: elements(member(root, 'livepatches'), MAX_LIST).map((each) => name(member(each, 'name'))),
    samples: forward,
  };
  return { capture, warnings };
}

function parseJson(json: string): unknown {
  if (json.length > MAX_TEXT) {
    throw new CaptureError(`The recording has ${json.length} characters; more than ${MAX_TEXT} are not read.`);
  }
  try {
    return JSON.parse(json);
  } catch {
    const fault = jsonFault(json) ?? json.length;
    const before = json.slice(0, fault);
    const line = before.split('\n').length;
    const column = fault - before.lastIndexOf('\n');
    if (before.trim() === '' && fault >= json.length) throw new CaptureError('The recording is empty.');
    if (fault >= json.trimEnd().length) {
      throw new CaptureError(
        `The recording ends too early, in line ${line}, column ${column}: something stopped the script, or the file was cut.`,
      );
    }
    throw new CaptureError(`The recording is not JSON: it goes wrong in line ${line}, column ${column}.`);
  }
}

function checkFormat(root: Field, warnings: string[]): void {
  const format = member(root, 'format');
  if (format.value !== FORMAT) {
    throw new CaptureError(`This is no recording that the capture script made: its format is not "${FORMAT}".`);
  }
  const field = member(root, 'version');
  const version = number(field, 1e6);
  if (version < 1) throw wrong(field, `${FORMAT_VERSION}, the format that this program knows`);
  if (version > FORMAT_VERSION) {
    warnings.push(
      `The recording has format ${version}, this program knows format ${FORMAT_VERSION}: what is new in it is left out.`,
    );
  }
}

function sample(field: Field): Sample {
  return {
    uptime: number(member(field, 'uptime'), MAX_TIME, false),
    tasks: elements(member(field, 'tasks'), MAX_TASKS).map(task),
  };
}

function task(field: Field): CapturedTask {
  const count = (name: string): number | null => optional(member(field, name), (each) => number(each, MAX_COUNT));
  const state = member(field, 'state');
  if (!/^[A-Za-z]$/.test(text(state, MAX_NAME))) throw wrong(state, 'a letter, as /proc/PID/stat has it');
  return {
    pid: number(member(field, 'pid'), MAX_PID),
    tid: number(member(field, 'tid'), MAX_PID),
    ppid: optional(member(field, 'ppid'), (each) => number(each, MAX_PID)),
    comm: name(member(field, 'comm')),
    kind: oneOf(member(field, 'kind'), ['user', 'kthread', 'io_worker']),
    state: text(state, 1),
    started: number(member(field, 'started'), MAX_COUNT),
    cpus: cpuList(member(field, 'cpus')),
    voluntary: count('voluntary'),
    involuntary: count('involuntary'),
    runtime: count('runtime'),
    utime: count('utime') ?? 0,
    stime: count('stime') ?? 0,
    syscall: optional(member(field, 'syscall'), (each) => number(each, MAX_COUNT)),
    trusted: truth(member(field, 'trusted')),
    stack: optional(member(field, 'stack'), (each) => elements(each, MAX_FRAMES).map(frame)),
  };
}

function frame(field: Field): string {
  const value = text(field, MAX_FUNCTION);
  if (!FRAME.test(value)) throw wrong(field, "a function's name, with its module in brackets when it has one");
  return value;
}

function names(field: Field): string[] {
  return elements(field, MAX_LIST).map(name);
}

/** A name that was written byte by byte: UTF-8 where it is that, and without what a terminal would obey. */
function name(field: Field): string {
  const written = text(field, 4 * MAX_NAME);
  if (!/[\u0080-\u00ff]/.test(written) || /[^\0-\u00ff]/.test(written)) return printable(written);
  const bytes = Uint8Array.from(written, (char) => char.charCodeAt(0));
  try {
    return printable(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return printable(written);
  }
}

/** `0-3,6`, as the kernel prints sets of CPUs. */
function cpuList(field: Field): number[] {
  const value = text(field, 10 * MAX_CPUS);
  const cpus = new Set<number>();
  if (value === '') return [];
  for (const part of value.split(',')) {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || to < from || to >= MAX_CPUS) throw wrong(field, `a list of CPUs below ${MAX_CPUS} such as 0-3,6`);
    for (let cpu = from; cpu <= to; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}
