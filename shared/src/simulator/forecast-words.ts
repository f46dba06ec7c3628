import type { PatchImage } from '../model/index.ts';
import type { Blocker, Forecast } from './forecast-types.ts';
import { timeText } from './time-text.ts';

/** The forecast in words. */

type Facts = Omit<Forecast, 'headline' | 'advice'>;

/** One sentence that says how the load ends and what decides it. */
export function headline(facts: Facts, image: PatchImage): string {
  if (facts.errno !== 0) return `The kernel refuses ${image.module}: ${errorText(facts)}.`;
  const worst = facts.blockers[0];
  if (facts.time === null) {
    const limit = timeText(facts.timeLimit);
    const who = worst === undefined ? '' : `: ${whoBlocks(facts, worst)}`;
    return `Does not finish within ${limit}${who}.`;
  }
  // The first pass takes no time here: it is part of loading the module.
  const time =
    facts.time.max === 0
      ? 'Finishes in the first pass'
      : facts.finished === facts.seeds
        ? `Finishes in ${timeText(facts.time.median)}`
        : `Finishes in ${timeText(facts.time.median)} in ${facts.finished} of ${facts.seeds} runs, and not within ${timeText(facts.timeLimit)} in the others`;
  if (worst === undefined) return `${time}; nobody sleeps in the patched functions.`;
  if (worst.seeds * 2 < facts.seeds && facts.finished === facts.seeds) {
    return `${time}; in ${worst.seeds} of ${facts.seeds} runs ${whoBlocks(facts, worst)}.`;
  }
  return `${time}; ${whoBlocks(facts, worst)}.`;
}

function whoBlocks(facts: Facts, blocker: Blocker): string {
  const { reason } = blocker;
  // Others may wait for the same: they are counted together.
  const alike = facts.blockers.filter(
    (other) =>
      other.released === blocker.released &&
      other.reason.kind === reason.kind &&
      (reason.kind !== 'sleeping-on' ||
        (other.reason.kind === 'sleeping-on' && other.reason.function === reason.function)),
  );
  const tasks = alike.reduce((sum, other) => sum + other.tasks, 0);
  const who = `${tasks} of ${facts.workload.tasks} tasks`;
  const [does, waits] = tasks === 1 ? ['sleeps', 'waits'] : ['sleep', 'wait'];
  if (reason.kind === 'running') return `${who} ${tasks === 1 ? 'keeps' : 'keep'} running on a CPU`;
  if (reason.kind === 'unreliable') return `${who} ${tasks === 1 ? 'has' : 'have'} an unreliable stack`;
  if (reason.kind === 'out-of-reach') return `${who}: each ${reason.text}`;
  const where = `${does} in ${reason.function}()`;
  if (blocker.released === 'signal') return `${who} ${where} and ${waits} for the signal at 15 s`;
  if (blocker.released === 'never') return `${who} ${where} and no signal gets ${tasks === 1 ? 'it' : 'them'} out`;
  return `${who} ${where} until ${tasks === 1 ? 'it wakes by itself' : 'they wake by themselves'}`;
}

function errorText(facts: Facts): string {
  const names: { readonly [errno: number]: string } = {
    [-2]: 'ENOENT',
    [-16]: 'EBUSY',
    [-17]: 'EEXIST',
    [-19]: 'ENODEV',
    [-22]: 'EINVAL',
  };
  const name = names[facts.errno] ?? `error ${facts.errno}`;
  const line = facts.typical.events.find(
    (event) => event.type === 'log' && (event.level === 'err' || event.level === 'warning'),
  );
  return line !== undefined && line.type === 'log' ? `${name}, "${line.text}"` : `${name}, without a log line`;
}

/** What follows from the causes that the runs showed; nothing where nothing follows. */
export function advise(facts: Facts, image: PatchImage): string[] {
  if (facts.errno !== 0) return [];
  const advice: string[] = [];
  const split = onlySome(facts, image);
  if (split !== null) advice.push(split);
  const stuck = facts.blockers.filter((blocker) => blocker.released === 'never');
  const [threads, others] = [
    stuck.filter((each) => isKthread(facts, each)),
    stuck.filter((each) => !isKthread(facts, each)),
  ];
  for (const [where, blockers] of byFunction(threads)) {
    advice.push(
      `${commList(blockers)}: ${one(blockers) ? 'a kernel thread' : 'kernel threads'} with ${where}() on the stack. Signals don't switch ${one(blockers) ? 'it' : 'them'}.`,
    );
  }
  for (const [where, blockers] of byFunction(others)) {
    advice.push(`${commList(blockers)} in ${where}(): the signal does not wake ${one(blockers) ? 'it' : 'them'}.`);
  }
  const unreliable = facts.blockers.filter((blocker) => blocker.reason.kind === 'unreliable');
  if (unreliable.length > 0) {
    advice.push(`The kernel can't walk the stack of ${commList(unreliable)} reliably.`);
  }
  const interrupted = new Map<string, Blocker[]>();
  for (const blocker of facts.blockers) {
    if (blocker.eintr !== null) interrupted.set(blocker.eintr, [...(interrupted.get(blocker.eintr) ?? []), blocker]);
  }
  for (const [call, blockers] of interrupted) {
    advice.push(`The signal makes ${call}() return EINTR in ${commList(blockers)}.`);
  }
  return advice;
}

/** When only some functions of the patch are on the stacks that wait, the others could be patched without waiting. */
function onlySome(facts: Facts, image: PatchImage): string | null {
  const patched = new Set(image.objects.flatMap((object) => object.funcs.map((func) => func.oldName)));
  const waiting = new Set<string>();
  for (const { reason, stack } of facts.blockers) {
    if (reason.kind !== 'sleeping-on') continue;
    waiting.add(reason.original);
    for (const frame of stack) if (patched.has(frame)) waiting.add(frame);
  }
  if (waiting.size === 0 || waiting.size >= patched.size) return null;
  const names = [...waiting].map((name) => `${name}()`).join(', ');
  const rest = patched.size - waiting.size;
  return `Only ${names} ${waiting.size === 1 ? 'makes' : 'make'} tasks wait; the other ${rest === 1 ? 'function' : `${rest} functions`} of the patch would not.`;
}

function isKthread(facts: Facts, blocker: Blocker): boolean {
  const pattern = new RegExp(`^${blocker.comm.replace(/[.?+^$|(){}[\]\\]/g, '\\$&').replaceAll('*', '\\d+')}$`);
  return facts.typical.tasks.find((task) => pattern.test(task.comm))?.kind === 'kthread';
}

function byFunction(blockers: readonly Blocker[]): Map<string, Blocker[]> {
  const groups = new Map<string, Blocker[]>();
  for (const blocker of blockers) {
    if (blocker.reason.kind !== 'sleeping-on') continue;
    groups.set(blocker.reason.function, [...(groups.get(blocker.reason.function) ?? []), blocker]);
  }
  return groups;
}

const one = (blockers: readonly Blocker[]): boolean => blockers.length === 1 && blockers[0]?.tasks === 1;

const MOST_NAMES = 3;

/** `postgres, sshd, cron and 4 others`. */
function commList(blockers: readonly Blocker[]): string {
  const names = [...new Set(blockers.map((blocker) => blocker.comm))];
  const rest = names.length - MOST_NAMES;
  if (rest <= 0) return names.join(', ');
  return `${names.slice(0, MOST_NAMES).join(', ')} and ${rest === 1 ? '1 other' : `${rest} others`}`;
}
