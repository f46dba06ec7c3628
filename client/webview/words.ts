import type { Segment } from '../../shared/src/picture/lanes.ts';
import { reasonText } from '../../shared/src/simulator/reason-text.ts';
import type { Action } from '../../shared/src/simulator/step.ts';
import { timeText } from '../../shared/src/simulator/time-text.ts';
import type { SwitchWay, TraceEvent } from '../../shared/src/simulator/trace.ts';

/** What a task does in a stretch of its life. */
export function segmentText(segment: Segment): string {
  const since = `since ${timeText(segment.from)}`;
  switch (segment.state) {
    case 'rest':
      return 'no transition, nothing patched';
    case 'new':
      return `runs new code ${since}`;
    case 'old':
      return segment.reason === null
        ? 'runs old code'
        : `runs old code; a pass found that it ${reasonText(segment.reason)}`;
    case 'blocked-old':
      return `blocked ${since} in the old code: it ${segment.reason === null ? '' : reasonText(segment.reason)}`;
    case 'blocked-new':
      return `blocked ${since} in the new code: it ${segment.reason === null ? '' : reasonText(segment.reason)}`;
  }
}

const WAYS: { readonly [how in SwitchWay | 'init' | 'done']: string } = {
  'stack-check': 'a pass checks its stack and switches it',
  'kernel-exit': 'returns to user space and switches',
  idle: 'switches in the idle loop',
  cond_resched: 'checks its own stack in cond_resched() and switches',
  'freezable-sleep': 'checks its own stack before a freezable sleep and switches',
  fork: 'starts with its parent’s state',
  force: 'is forced, whatever it runs',
  offline: 'switches: its CPU is offline',
  'at-once': 'switches together with all others',
  'in-user-space': 'is seen in user space and switches there',
  'loop-point': 'comes to a place in its loop that is marked as safe and switches',
  observed: 'is seen with its new state',
  init: 'joins the transition',
  done: 'the transition is over',
};

/** One event of a task's life in a sentence, or null for what is no news. */
export function taskEventText(event: TraceEvent): string | null {
  switch (event.type) {
    case 'patch-state':
      return event.how === 'init' || event.how === 'done' ? null : WAYS[event.how];
    case 'blocked':
      return event.reason.kind === 'running' ? null : `a pass finds it blocked: it ${reasonText(event.reason)}`;
    case 'signal':
      if (event.effect === 'EINTR')
        return 'is woken without a real signal; its system call returns EINTR to the program';
      if (event.effect === 'restarts') return 'is woken without a real signal; its system call starts again unseen';
      return event.woken ? 'is woken' : 'is flagged; it wakes when its own wait ends';
    case 'fork':
      return `forks ${event.child.comm}:${event.child.id}`;
    case 'exit':
      return 'exits';
    case 'stand-still':
      return event.on ? 'is held' : 'goes on';
    case 'old-code-left':
      return 'returns from the last call of the old code';
    default:
      return null;
  }
}

/** What happens to a task from `at` on, in order, at most `most` things. */
export function taskFuture(
  events: readonly TraceEvent[],
  task: number,
  at: number,
  most: number,
): { at: number; text: string }[] {
  const out: { at: number; text: string }[] = [];
  for (const event of events) {
    if (event.at <= at || !concerns(event, task)) continue;
    const text = taskEventText(event);
    if (text === null) continue;
    out.push({ at: event.at, text });
    if (out.length === most) break;
  }
  return out;
}

function concerns(event: TraceEvent, task: number): boolean {
  if (event.type === 'fork') return event.parent === task;
  return 'task' in event && event.task === task;
}

const ERRNO: { readonly [value: number]: string } = {
  [-2]: 'ENOENT, No such file or directory',
  [-11]: 'EAGAIN, Resource temporarily unavailable',
  [-12]: 'ENOMEM, Cannot allocate memory',
  [-13]: 'EACCES, Permission denied',
  [-16]: 'EBUSY, Device or resource busy',
  [-17]: 'EEXIST, File exists',
  [-19]: 'ENODEV, No such device',
  [-21]: 'EISDIR, Is a directory',
  [-22]: 'EINVAL, Invalid argument',
};

/** A negative errno by name, for people. */
export function errnoText(errno: number): string {
  return ERRNO[errno] ?? `error ${-errno}`;
}

/** What somebody would type in a root shell for a step. */
export function shellText(action: Action): string {
  switch (action.do) {
    case 'load':
      return [
        `insmod ${action.image.module}.ko`,
        ...Object.entries(action.parameters ?? {}).map((pair) => pair.join('=')),
      ].join(' ');
    case 'set-parameter':
      return `echo ${action.value} > /sys/module/${action.module}/parameters/${action.name}`;
    case 'unload':
      return `rmmod ${action.module}`;
    case 'write':
      return `echo ${action.value} > /sys/kernel/livepatch/${action.path}`;
    case 'sysctl':
      return `sysctl -w ${action.name}=${action.value}`;
    case 'load-target':
      return `modprobe ${action.module}`;
    case 'unload-target':
      return `rmmod ${action.module}`;
    case 'start':
      return `${action.task} &`;
    case 'wake':
      return `# ${action.task} goes on`;
    case 'signal':
      return `kill -${action.signal} $(pidof ${action.task})`;
  }
}

/** Seconds as the kernel log shows them: `[   15.002000]`. */
export function logTime(at: number): string {
  return `[${(at / 1_000_000).toFixed(6).padStart(12)}]`;
}
