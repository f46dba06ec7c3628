import { type KlpFunc, type KlpObject, knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { Forecast } from '../../../../shared/src/simulator/forecast-types.ts';
import { timeText } from '../../../../shared/src/simulator/time-text.ts';
import type { Duration, Phase, TaskGroup, Workload } from '../../../../shared/src/simulator/workload.ts';
import type { KernelKnowledge } from '../../kernel/knowledge.ts';
import { kernelFacts } from './kernel-facts.ts';
import { bullets, code, count, plain } from './markdown.ts';
import { blockerText } from './patch-hover.ts';

/** Groups of tasks that a hover lists. */
const MAX_LINES = 6;

/** A function entry: what is redirected where, and which tasks of the workload sleep in it. */
export function funcHover(
  module: LivepatchModule,
  func: KlpFunc,
  workload: Workload,
  forecast: Forecast | null,
  knowledge: KernelKnowledge | null,
  source: string | null,
): string {
  const old = knownValue(func.oldName);
  const replacement = knownValue(func.newFunc)?.name;
  const where = objectText(objectOf(module, func));
  if (old === undefined) {
    const why = func.oldName.kind === 'unknown' ? `: ${plain(func.oldName.why)}` : '';
    return `**Replaces a function of ${where}**\n\nIts name is not known here${why}, so nothing can be said of who sleeps in it.`;
  }
  const parts = [
    `**${code(`${old}()`)} of ${where} → ${replacement === undefined ? 'unknown' : code(`${replacement}()`)}**`,
  ];
  const facts = knowledge && kernelFacts(old, objectOf(module, func), knownValue(func.oldSympos) ?? 0, knowledge);
  if (facts) parts.push(facts);
  if (source !== null) parts.push(source);
  const blockers = (forecast?.blockers ?? []).filter(
    ({ reason }) => reason.kind === 'sleeping-on' && (reason.function === old || reason.original === old),
  );
  const groups = workload.tasks.flatMap((group) => stays(group, old));
  if (groups.length === 0) {
    parts.push(
      `No task of the workload "${plain(workload.title)}" sleeps or runs long in it: a task that happens to be in it switches at the next look, a second later.`,
    );
  } else {
    parts.push(`On the workload "${plain(workload.title)}":\n${bullets(groups, MAX_LINES)}`);
  }
  if (blockers.length > 0) {
    parts.push(`**Holds up the transition**\n${bullets(blockers.map(blockerText), MAX_LINES)}`);
  }
  parts.push(
    'A task switches to the new function when its stack does not have the old one on it, or when it leaves the kernel.',
  );
  return parts.join('\n\n');
}

/** The object whose table the entry stands in; null when no object of the module refers to it. */
function objectOf(module: LivepatchModule, func: KlpFunc): KlpObject | null {
  for (const table of module.objectTables) {
    for (const object of table.entries) {
      if (object.funcs.kind === 'known' && object.funcs.table.entries.includes(func)) return object;
    }
  }
  return null;
}

/** `vmlinux` or the module's name, in code style. */
export function objectText(object: KlpObject | null): string {
  if (!object) return 'an object';
  if (object.name.kind === 'unknown') return 'an object whose name is not known here';
  return code(knownValue(object.name) ?? 'vmlinux');
}

function stays(group: TaskGroup, name: string): string[] {
  const who = group.count > 1 ? `${code(group.comm)} ×${group.count}` : code(group.comm);
  const said = new Set<string>();
  for (const phase of group.behaviour.phases) {
    if ((phase.do !== 'sleep' && phase.do !== 'kernel') || !phase.stack.includes(name)) continue;
    said.add(`${who} ${phase.do === 'sleep' ? sleepText(phase) : `runs in it for ${durationText(phase.for)}`}`);
  }
  return [...said];
}

function sleepText(phase: Extract<Phase, { do: 'sleep' }>): string {
  const call = phase.syscall === undefined ? '' : `, in ${code(`${phase.syscall}()`)}`;
  const wakes =
    phase.state === 'interruptible'
      ? phase.onSignal === 'EINTR'
        ? '; the signal round ends the call with EINTR'
        : phase.syscall === undefined
          ? ''
          : '; the signal round wakes it, and the call goes on by itself'
      : `; no signal wakes it (${phase.state} sleep)`;
  return `sleeps in it for ${durationText(phase.for)}${call}${wakes}`;
}

function durationText({ min, max }: Duration): string {
  if (max === 'forever') return min === 0 ? 'an unlimited time' : `${timeText(min)} or longer`;
  return min === max ? timeText(max) : `${timeText(min)} to ${timeText(max)}`;
}

/** `3 functions`, for an object. */
export function functionsText(object: KlpObject): string {
  if (object.funcs.kind !== 'known') return 'functions that are not known here';
  const entries = object.funcs.table.entries.filter((entry) => !entry.terminator);
  return `${count(entries.length, 'function')}${object.funcs.table.open ? ' and more that are not known here' : ''}`;
}
