import type { PatchImage } from '../model/index.ts';
import type { Alternatives, Outcome } from './alternatives.ts';
import { syscallOf } from './forecast-blockers.ts';
import type { Blocker, ForecastFacts } from './forecast-types.ts';
import { kernelTraits } from './kernel-traits.ts';
import { frameText } from './reason-text.ts';
import { timeText } from './time-text.ts';
import { MAX_STACK_ENTRIES } from './transition.ts';
import { awaited, kernelEvent } from './wait-ends.ts';

/**
 * What can be done about a transition that takes long, from what holds it up. What wakes whom follows klp_send_signals() in
 * kernel/livepatch/transition.c and complete_signal() in kernel/signal.c, the same in 6.1 and 6.12.
 */

type Held = ForecastFacts['blockers'][number];

export interface Advice {
  /** All of it, one thought each. */
  readonly advice: readonly string[];
  /** For each blocker what concerns it, in the order of the blockers. */
  readonly byBlocker: readonly (readonly string[])[];
}

/** Tasks that are held up alike. */
interface Group {
  readonly blockers: readonly Held[];
  readonly cause: Held['cause'];
  /** `postgres, sshd and 4 others`. */
  readonly who: string;
  readonly one: boolean;
  /** `pipe_read()`, or a replacement of it; empty when no function is in the way. */
  readonly where: string;
  /** The one that is shown with its stack. */
  readonly first: Held;
}

/** What follows from the causes that the runs showed; nothing where nothing follows. */
export function advise(facts: ForecastFacts, image: PatchImage, alternatives: Alternatives): Advice {
  if (facts.errno !== 0) return { advice: [], byBlocker: [] };
  const texts = new Map<Held, string[]>();
  const all: string[] = [];
  const tell = (text: string, blockers: readonly Held[]): void => {
    if (!all.includes(text)) all.push(text);
    for (const blocker of blockers) texts.set(blocker, [...(texts.get(blocker) ?? []), text]);
  };
  const split = onlySome(facts, image);
  if (split !== null) tell(split, []);
  for (const group of groupsOf(facts.blockers)) {
    for (const text of aboutGroup(group, facts, alternatives)) tell(text, group.blockers);
  }
  for (const { text, blockers } of interruptedCalls(facts.blockers)) tell(text, blockers);
  const held = facts.blockers.filter(({ released, cause }) => released === 'never' && cause !== 'main-loop');
  if (held.length > 0) tell(force(held, facts, image), held);
  return { advice: all, byBlocker: facts.blockers.map((blocker) => texts.get(blocker) ?? []) };
}

function aboutGroup(group: Group, facts: ForecastFacts, { callees, later }: Alternatives): string[] {
  const { cause, first, who, one, where } = group;
  const [is, its, them] = one ? ['is', 'its', 'it'] : ['are', 'their', 'them'];
  const byItself = endsByItself(group);
  if (byItself !== null) return byItself;
  switch (cause) {
    case 'main-loop': {
      const callee = first.reason.kind === 'sleeping-on' ? callees.get(first.reason.function) : undefined;
      const instead =
        callee === undefined
          ? `Make the change in a function that ${where} calls and that has returned when the thread sleeps.`
          : `Replace ${frameText(callee.callee)} instead, which ${where} calls, where the change can be made there: a patch of it alone ${outcomeText(callee)}.`;
      return [
        `${who}: ${where} is the main loop of ${one ? 'a kernel thread' : 'kernel threads'} and never left. Neither signals nor waiting switch ${one ? 'it' : 'them'}, and after force the old loop would go on.`,
        instead,
      ];
    }
    case 'kernel-thread':
      return [
        first.kind === 'io_worker'
          ? `${who} in ${where}: a worker of io_uring never returns to user space, so that no signal switches it. A look has to find it elsewhere.`
          : `${who} in ${where}: the signal round does not switch kernel threads. A look has to find ${one ? 'it' : 'each'} elsewhere.`,
        ...waitText(group, facts),
        ...laterText(later),
      ];
    case 'interruptible':
      return interruptible(group);
    case 'killable':
      return [
        `${who} in ${where}: the signal round does not end ${its} sleep (TASK_KILLABLE), a deadly signal does: restart ${one ? 'the service that it belongs' : 'the services that they belong'} to.`,
        ...waitText(group, facts),
      ];
    case 'uninterruptible':
      return [
        `${who} in ${where}: the signal round does not wake ${one ? 'it' : 'them'}, and neither does kill -9, so that restarting ${its} service does not help.`,
        ...waitText(group, facts),
      ];
    case 'stopped':
      return [`${who} ${is} stopped in ${where}, where the signal round does not wake ${them}: kill -CONT does.`];
    case 'traced':
      return [
        `${who} ${is} held by a tracer in ${where}: let ${one ? 'it' : 'them'} go on there, or detach the debugger or strace.`,
      ];
    case 'unreliable':
      return unreliable(group);
    case 'user-loop':
      return [
        `${who} ${one ? 'computes' : 'compute'} on a CPU without a tick (nohz_full) and ${one ? 'does' : 'do'} not enter the kernel by ${one ? 'itself' : 'themselves'}. The signal round interrupts ${one ? 'it' : 'them'} at 15 s; ${STOP_AND_GO} ${one ? 'does' : 'do'} it at once.`,
      ];
    case 'kernel-loop': {
      const way =
        first.kind === 'user'
          ? `${who} ${one ? 'stays' : 'stay'} in the kernel and on a CPU, where no stack is looked at, and ${one ? 'switches' : 'switch'} on the way back to user space.`
          : `${who} ${one ? 'stays' : 'stay'} on a CPU, where no stack is looked at: a look has to find ${one ? 'it' : 'each'} asleep or preempted.`;
      return [way, ...laterText(later), ...noSelfCheck(facts, first)];
    }
    case 'idle':
      return first.released === 'never'
        ? [`${who}: the idle loop is on the stack of a CPU that never gets idle.`]
        : [`${who}: the idle loop. The kernel wakes idle CPUs after each look, so that nothing has to be done.`];
    case 'user':
    case 'unknown':
    case 'out-of-reach':
      return [];
  }
}

/** A SIGSTOP makes a task leave the kernel, where it switches before it stops (exit_to_user_mode_loop()). */
const STOP_AND_GO = 'kill -STOP and then kill -CONT';
/** Names under which the first process runs, which no SIGSTOP stops. */
const INIT = /^(systemd|init)$/;

function interruptible({ blockers, first, who, one, where }: Group): string[] {
  const until = awaited(first.stack, syscallOf(first.stack) ?? null);
  const waits = until === null ? '' : ` until ${until}`;
  const pid1 = blockers.some(({ comm }) => INIT.test(comm)) ? ' (pid 1 can’t be stopped)' : '';
  return [
    `${who} ${one ? 'sleeps' : 'sleep'} in ${where}${waits}. The signal round at 15 s makes ${one ? 'it' : 'them'} leave the kernel; who can’t wait so long does it with ${STOP_AND_GO}${pid1}.`,
  ];
}

function unreliable({ who, one, first }: Group): string[] {
  const [has, it, its] = one ? ['has', 'it', 'its'] : ['have', 'them', 'their'];
  const deep =
    first.stack.length >= MAX_STACK_ENTRIES
      ? `${its} stack has ${first.stack.length} frames and the kernel gives up at ${MAX_STACK_ENTRIES}`
      : 'the kernel can’t walk it';
  const end =
    first.kind === 'user'
      ? `${one ? 'It switches' : 'They switch'} on the way back to user space${first.released === 'signal' ? `: at the signal round at 15 s, or at once with ${STOP_AND_GO}` : ''}.`
      : `${one ? 'A kernel thread never goes' : 'Kernel threads never go'} back to user space: a look has to find ${it} with another stack.`;
  return [
    `${who} ${has} no reliable stack: ${deep}. Which functions the patch replaces makes no difference to that.`,
    end,
  ];
}

/** Of the transition, whose passes come each second: nobody does anything about what takes no longer. Microseconds. */
const SHORT = 2_000_000;

/** Tasks that switch without anybody's help; null for others. */
function endsByItself({ blockers, cause, who, one, where, first }: Group): string[] | null {
  if (cause === 'idle' || cause === 'user-loop' || first.released === 'never' || first.released === 'signal')
    return null;
  const until = Math.max(...blockers.map((blocker) => blocker.until ?? 0));
  if (until < SHORT) return [];
  const event = cause === 'interruptible' ? awaited(first.stack, syscallOf(first.stack) ?? null) : null;
  const waits = `${where === '' ? '' : ` in ${where}`}${event === null ? '' : ` until ${event}`}`;
  const self = one ? 'itself' : 'themselves';
  return [
    `${who} ${one ? 'is' : 'are'} held up${waits} and ${one ? 'switches' : 'switch'} by ${self}, here after ${timeText(until)}: wait for that.`,
  ];
}

/** What ends a sleep that signals don't, or why its end changes nothing. */
function waitText({ blockers, one, first }: Group, { timeLimit }: ForecastFacts): string[] {
  const { stack, sleep } = first;
  if (sleep === null) {
    const event = kernelEvent(stack);
    return event === null ? [] : [event];
  }
  const alike = blockers.every((other) => other.sleep?.time === sleep.time);
  if (sleep.time < timeLimit) {
    return [
      `${one ? 'It wakes' : 'They wake'} up by ${one ? 'itself' : 'themselves'} in that time, and each look finds ${one ? 'it' : 'them'} there again.`,
    ];
  }
  if (!alike) return [];
  const time = timeText(Math.round(sleep.time));
  const text = { exact: `after ${time}`, mean: `after ${time} on average`, most: `within ${time}` }[sleep.is];
  return [`${one ? 'Its sleep ends' : 'Their sleeps end'} by ${one ? 'itself' : 'themselves'} ${text}: wait for that.`];
}

function laterText(later: Outcome | null): string[] {
  if (later === null) return [];
  return [
    `Linux 6.4 to 6.15 let such tasks switch themselves in cond_resched(): on 6.12 the same load ${outcomeText(later)}.`,
  ];
}

/** Where cond_resched() could switch it and does not. */
function noSelfCheck({ kernel }: ForecastFacts, { released }: Held): string[] {
  if (!kernelTraits(kernel).condReschedSwitches || released !== 'never') return [];
  return [
    'This kernel would switch it in cond_resched(), which it does not call, or with a patched function on its stack.',
  ];
}

function outcomeText({ runs, finished, time }: Outcome): string {
  return finished === runs
    ? `finishes in ${time === 0 ? 'the first pass' : timeText(time)} in each of ${runs} runs`
    : `finishes in ${timeText(time)} in ${finished} of ${runs} runs`;
}

function force(held: readonly Held[], { kernel }: ForecastFacts, image: PatchImage): string {
  const places = [
    ...new Set(held.flatMap(({ reason }) => (reason.kind === 'sleeping-on' ? [frameText(reason.function)] : []))),
  ];
  const old = places.length === 0 ? 'whatever they are in' : `the old ${listText(places)}`;
  const after = kernelTraits(kernel).replacePolicy.isReplacing(image)
    ? 'Modules of livepatches that a forced transition replaces can’t be removed, or loaded again, before the next boot.'
    : 'It can be disabled later, but that transition waits for every task again.';
  return `Force it only if no harm comes of ${commList(held)} going on in ${old} beside the new code. ${after} Until it is forced, writing 0 to /sys/kernel/livepatch/${image.module}/enabled takes it back.`;
}

/** System calls that the signal breaks off. */
function interruptedCalls(blockers: readonly Held[]): { readonly text: string; readonly blockers: readonly Held[] }[] {
  const byCall = new Map<string, Held[]>();
  for (const blocker of blockers) {
    if (blocker.eintr !== null) byCall.set(blocker.eintr, [...(byCall.get(blocker.eintr) ?? []), blocker]);
  }
  return [...byCall].map(([call, interrupted]) => ({
    text: `The signal makes ${call}() return EINTR in ${commList(interrupted)}.`,
    blockers: interrupted,
  }));
}

/** When only some functions of the patch are on the stacks that wait, the others could be patched without waiting. */
function onlySome(facts: ForecastFacts, image: PatchImage): string | null {
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

/** Those that are held up for one reason and that one advice is for, in the order of the worst of each. */
function groupsOf(blockers: readonly Held[]): Group[] {
  const groups = new Map<string, Held[]>();
  for (const blocker of blockers) {
    const { cause, reason, released, stack, kind } = blocker;
    const where = reason.kind === 'sleeping-on' ? reason.function : '';
    const event = cause === 'interruptible' ? awaited(stack, syscallOf(stack) ?? null) : kernelEvent(stack);
    const key = JSON.stringify([cause, where, kind, released, event]);
    groups.set(key, [...(groups.get(key) ?? []), blocker]);
  }
  return [...groups.values()].map((alike) => {
    const first = alike[0] as Held;
    return {
      blockers: alike,
      cause: first.cause,
      who: commList(alike),
      one: alike.length === 1 && first.tasks === 1,
      where: first.reason.kind === 'sleeping-on' ? frameText(first.reason.function) : '',
      first,
    };
  });
}

const MOST_NAMES = 3;

/** `postgres, sshd, cron and 4 others`. */
function commList(blockers: readonly Pick<Blocker, 'comm'>[]): string {
  const names = [...new Set(blockers.map((blocker) => blocker.comm))];
  const rest = names.length - MOST_NAMES;
  if (rest <= 0) return listText(names);
  return `${names.slice(0, MOST_NAMES).join(', ')} and ${rest === 1 ? '1 other' : `${rest} others`}`;
}

/** `a, b and c`. */
function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
