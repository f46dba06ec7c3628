import { reasonText } from '../simulator/reason-text.ts';
import type { BlockReason, SwitchWay, Trace, TraceEvent, TraceTask } from '../simulator/trace.ts';
import type { ComparisonColumn, ComparisonRow, NeverReached, StandStill } from './comparison-types.ts';

/** What a run took and what it did to tasks, read from its trace alone. */
export interface Measures
  extends Pick<
    ComparisonRow,
    | 'outcome'
    | 'time'
    | 'end'
    | 'standStill'
    | 'tasks'
    | 'switched'
    | 'signalled'
    | 'interrupted'
    | 'never'
    | 'findings'
    | 'columns'
    | 'taskSwitches'
  > {
  readonly mixed: { readonly time: number; readonly open: boolean; readonly tasks: number };
  /** Tasks that are left in the old code, or in calls of it, when the run ends. */
  readonly left: number;
  /** Who went over after all others; null when several did at once, or nobody did. */
  readonly last: LastSwitch | null;
  /** errno of loading: what the kernel's own model refuses before anything happens. */
  readonly errno: number;
  /** The simulation gave up: what happens after `end` is not known. */
  readonly gaveUp: boolean;
}

export interface LastSwitch {
  readonly comm: string;
  readonly task: number;
  readonly at: number;
  readonly how: SwitchWay;
  readonly signalled: boolean;
  /** Why a look had left it alone before, when one had. */
  readonly reason: BlockReason | null;
}

/** Columns of one row at most: a picture has no more pixels. */
const MOST_COLUMNS = 400;

interface Life {
  readonly task: TraceTask;
  isNew: boolean;
  between: boolean;
  held: boolean;
  heldSince: number;
  reason: BlockReason | null;
  reasonAt: number;
  stack: readonly string[];
  switchedAt: number | null;
}

/** Reads the loading of one patch, the trace's first step. `patched` are the frames of the functions that it replaces. */
export function measure(trace: Trace, patched: ReadonlySet<string>): Measures {
  const reader = new Reader(trace, patched);
  for (const event of trace.events) reader.read(event);
  return reader.result();
}

class Reader {
  private readonly trace: Trace;
  private readonly patched: ReadonlySet<string>;
  private readonly lives = new Map<number, Life>();
  private readonly counts = { old: 0, blocked: 0, new: 0, between: 0, held: 0 };
  /** Who went over, held or not, and who of them is inside an old call. */
  private inNew = 0;
  private inBetween = 0;
  private columns: ComparisonColumn[] = [];
  private at = 0;
  private mixedTime = 0;
  private stillTime = 0;
  private stops = 0;
  private machineStill = false;
  private longest = 0;
  private machineSince = 0;
  private readonly stoodStill = new Set<number>();
  private readonly signalled = new Set<number>();
  private restarted = 0;
  private eintr = 0;
  private readonly findings = new Set<string>();
  private readonly mixedTasks = new Set<number>();
  private last: LastSwitch | null = null;
  private lastTogether = false;
  private time: number | null = null;
  private refused = false;
  private lastPass = 0;
  private errno = 0;

  constructor(trace: Trace, patched: ReadonlySet<string>) {
    this.trace = trace;
    this.patched = patched;
    for (const task of trace.tasks) this.add(task, false);
  }

  private add(task: TraceTask, isNew: boolean): void {
    const life: Life = {
      task,
      isNew,
      between: false,
      held: false,
      heldSince: 0,
      reason: null,
      reasonAt: 0,
      stack: [],
      switchedAt: null,
    };
    this.lives.set(task.id, life);
    this.count(life, 1);
  }

  private count(life: Life, by: 1 | -1): void {
    this.counts[stateOf(life)] += by;
    if (life.isNew) this.inNew += by;
    if (life.isNew && life.between) this.inBetween += by;
  }

  read(event: TraceEvent): void {
    if (event.at > this.at) this.advance(event.at);
    switch (event.type) {
      case 'step':
        this.errno = event.errno;
        this.refused ||= event.errno !== 0;
        if (event.errno !== 0) this.time = event.at;
        break;
      case 'transition':
        if (event.phase !== 'done' || this.time !== null) break;
        this.time = event.at;
        this.refused = event.target === 'unpatched';
        break;
      case 'patch-state':
        if (event.how === 'done') break;
        this.change(event.task, (life) => {
          if (event.state === 1 && event.how !== 'init' && event.how !== 'done')
            this.noteLast(life, event.how, event.at);
          life.isNew = event.state === 1;
          life.reason = null;
          life.between = life.isNew && event.place?.stack.some((frame) => this.patched.has(frame)) === true;
          life.switchedAt = life.isNew ? event.at : null;
        });
        break;
      case 'blocked':
        this.change(event.task, (life) => {
          life.reason = event.reason;
          life.reasonAt = event.at;
          life.stack = event.stack;
        });
        break;
      case 'old-code-left':
        this.change(event.task, (life) => {
          life.between = false;
        });
        break;
      case 'stand-still':
        this.standStill(event.task, event.on, event.at);
        break;
      case 'signal':
        this.signalled.add(event.task);
        if (event.effect === 'restarts') this.restarted++;
        if (event.effect === 'EINTR') this.eintr++;
        break;
      case 'pass':
        this.lastPass = event.at;
        break;
      case 'fork':
        this.add(event.child, event.state === 1);
        break;
      case 'exit': {
        const life = this.lives.get(event.task);
        if (life === undefined) break;
        this.count(life, -1);
        this.lives.delete(event.task);
        break;
      }
      case 'finding':
        this.findings.add(event.text);
        break;
      default:
        break;
    }
  }

  private noteLast({ task, reason }: Life, how: SwitchWay, at: number): void {
    this.lastTogether = this.last?.at === at;
    this.last = { comm: task.comm, task: task.id, at, how, signalled: this.signalled.has(task.id), reason };
  }

  private change(id: number, how: (life: Life) => void): void {
    const life = this.lives.get(id);
    if (life === undefined) return;
    this.count(life, -1);
    how(life);
    this.count(life, 1);
  }

  private standStill(id: number | null, on: boolean, at: number): void {
    if (id === null) {
      if (on) this.stops++;
      else this.longest = Math.max(this.longest, at - this.machineSince);
      this.machineStill = on;
      this.machineSince = at;
      if (on) for (const task of this.lives.keys()) this.stoodStill.add(task);
      return;
    }
    this.stoodStill.add(id);
    this.change(id, (life) => {
      if (!on && life.held) this.longest = Math.max(this.longest, at - life.heldSince);
      life.held = on;
      life.heldSince = at;
    });
  }

  /** Everything at one time is one column. */
  private advance(to: number): void {
    const { counts } = this;
    const isMixed = this.hasBoth();
    if (isMixed) this.mixedTime += to - this.at;
    if (this.machineStill || counts.held > 0) this.stillTime += to - this.at;
    if (isMixed && this.mixedTasks.size === 0) this.nameMinority();
    const all = this.lives.size;
    const column: ComparisonColumn = this.machineStill
      ? { at: this.at, old: 0, blocked: 0, new: 0, between: 0, held: all }
      : { at: this.at, ...counts };
    const last = this.columns.at(-1);
    if (last === undefined || !isSame(last, column)) this.columns.push(column);
    this.at = to;
  }

  private hasBoth(): boolean {
    return this.inNew > 0 && (this.inNew < this.lives.size || this.inBetween > 0);
  }

  private nameMinority(): void {
    for (const { task, isNew, between } of this.lives.values()) if (!isNew || between) this.mixedTasks.add(task.id);
  }

  result(): Measures {
    const { trace } = this;
    this.advance(Math.max(trace.end, this.at));
    if (this.machineStill) this.longest = Math.max(this.longest, trace.end - this.machineSince);
    for (const { held, heldSince } of this.lives.values()) {
      if (held) this.longest = Math.max(this.longest, trace.end - heldSince);
    }
    const left = [...this.lives.values()].filter((life) => !life.isNew || life.between).length;
    const outcome = this.refused ? 'refused' : this.time === null ? 'unfinished' : 'done';
    const standStill: StandStill = {
      stops: this.stops,
      longest: this.longest,
      total: this.stillTime,
      tasks: this.stoodStill.size,
    };
    return {
      outcome,
      time: this.time,
      end: trace.end,
      standStill,
      mixed: { time: this.mixedTime, open: this.hasBoth(), tasks: this.mixedTasks.size },
      tasks: trace.tasks.length,
      switched: this.lives.size - left,
      signalled: this.signalled.size,
      interrupted: { restarted: this.restarted, eintr: this.eintr },
      never: this.never(outcome),
      findings: [...this.findings],
      columns: thinned(this.columns, trace.end),
      taskSwitches: trace.tasks.map(({ id, comm }) => ({
        task: id,
        comm,
        at: this.lives.get(id)?.switchedAt ?? null,
      })),
      left,
      last: this.lastTogether ? null : this.last,
      errno: this.errno,
      gaveUp: trace.stopped === 'event-limit',
    };
  }

  /** Tasks that are still in the way, alike ones together, those first that are waited for. Of several attempts only what the last one found counts. */
  private never(outcome: ComparisonRow['outcome']): NeverReached[] {
    const groups = new Map<string, { -readonly [key in keyof NeverReached]: NeverReached[key] }>();
    for (const { task, isNew, between, reason, reasonAt, stack } of this.lives.values()) {
      if (isNew && !between) continue;
      if (outcome === 'refused' && reasonAt !== this.lastPass) continue;
      const why = between ? BETWEEN : (reason ?? (outcome === 'refused' ? null : UNSEEN));
      if (why === null) continue;
      const comm = task.comm.replace(/\d+/g, '*');
      const text = reasonText(why);
      const key = `${comm}\n${task.kind}\n${text}`;
      const group = groups.get(key);
      if (group === undefined)
        groups.set(key, { comm: task.comm, kind: task.kind, tasks: 1, reason: why, text, stack });
      else {
        group.tasks++;
        if (group.comm !== task.comm) group.comm = comm;
      }
    }
    const rank = ({ reason }: NeverReached): number => (isLeftBehind(reason) ? 1 : 0);
    return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.tasks - a.tasks || (a.comm < b.comm ? -1 : 1));
  }
}

/** It keeps its old code, and nobody waits for it. */
export const isLeftBehind = (reason: BlockReason): boolean =>
  reason.kind === 'out-of-reach' && reason.what === 'not-waited-for';

const BETWEEN: BlockReason = {
  kind: 'out-of-reach',
  what: 'in-kernel',
  text: 'has not returned from a call of the old code',
};

const UNSEEN: BlockReason = {
  kind: 'out-of-reach',
  what: 'in-kernel',
  text: 'came too late for a look',
};

function stateOf(life: Life): 'old' | 'blocked' | 'new' | 'between' | 'held' {
  if (life.held) return 'held';
  if (life.isNew) return life.between ? 'between' : 'new';
  return life.reason === null || life.reason.kind === 'running' ? 'old' : 'blocked';
}

function isSame(a: ComparisonColumn, b: ComparisonColumn): boolean {
  return a.old === b.old && a.blocked === b.blocked && a.new === b.new && a.between === b.between && a.held === b.held;
}

/** Not more columns than a picture can show: the first, and of those close together the last. */
function thinned(columns: readonly ComparisonColumn[], end: number): ComparisonColumn[] {
  const [first] = columns;
  if (first === undefined || columns.length <= MOST_COLUMNS) return [...columns];
  const width = Math.max(1, end / MOST_COLUMNS);
  const kept = new Map<number, ComparisonColumn>();
  for (const column of columns.slice(1)) kept.set(Math.floor(column.at / width), column);
  return [first, ...kept.values()];
}
