import type { GuestEnd } from './boot-guest.ts';
import { type KernelLogLine, parseConsole, parseKmsgRecord, parseStack } from './kernel-log.ts';

/** What a guest told while it carried out one plan. Times are microseconds since the guest started. */
export interface PlanResult {
  readonly plan: string;
  /** `uname -r`. */
  readonly release: string;
  /**
   * `finished`: every step was carried out. `killed`: an Oops ended the process that did. `hung`: over the limit of
   * the plan or of a step.
   * `crashed`: the guest ended in the middle. `silent`: the guest said nothing any more and was ended from outside.
   * `overtime`: it was ended from outside because its time was over.
   */
  readonly outcome: 'finished' | 'killed' | 'hung' | 'crashed' | 'silent' | 'overtime';
  /** In order. Those that the guest did not come to are missing, one that did not return has errno null. */
  readonly steps: readonly StepResult[];
  /** From the plan's start until the machine was handed to the next plan. */
  readonly log: readonly PlanLogLine[];
  readonly sysfs: readonly SysfsSnapshot[];
  readonly tasks: readonly TaskSnapshot[];
  /** When the last step was over, before anything was cleaned up; null when it never was. */
  readonly endedAt: number | null;
  /** Why the machine could not be used for another plan; null when it could. */
  readonly dirt: string | null;
}

export interface PlanLogLine extends KernelLogLine {
  /**
   * The step that was under way, or was over last, when the guest read the line: the two clocks differ a little. -1 while
   * the machine was cleaned up.
   */
  readonly step: number;
}

export interface StepResult {
  readonly index: number;
  readonly startedAt: number;
  /** Null when it did not return. */
  readonly endedAt: number | null;
  /** 0 or negative, as the system call returns it; exit status of a command; null when it did not return. */
  readonly errno: number | null;
  readonly value: string | null;
}

export interface SysfsSnapshot {
  readonly at: number;
  /** Below /sys/kernel/livepatch; directories and files that can't be read have an empty value. */
  readonly tree: Readonly<Record<string, string>>;
}

export interface TaskSnapshot {
  readonly at: number;
  /** The name of a helper task; null for others. */
  readonly name: string | null;
  readonly pid: number;
  readonly comm: string;
  /** As in /proc/PID/stat: `S`, `D`, `R`, `T`, `t`, `I`, `Z`. */
  readonly state: string;
  /** -1, 0 or 1; -2 when it could not be read. */
  readonly patchState: number;
  /** Innermost first. */
  readonly stack: readonly string[];
  /** What a helper task said its system calls returned, a line each. */
  readonly said: readonly string[];
}

/** One line of the report, as guest/agent.c writes it. */
type ReportLine = { readonly type: string; readonly at: number; readonly [field: string]: unknown };

export const PLAN_MARK = 'klp-runner: next plan';

/** What one boot gave: the plans that were started in it, in order. */
export interface BootReport {
  readonly release: string | null;
  readonly results: readonly PlanResult[];
  /** Place in the list of plans of the first that was not started. */
  readonly next: number;
  /** Whether the agent switched the guest off itself. */
  readonly orderly: boolean;
}

/**
 * Makes results of all that one boot reported. Lines that are no JSON (cut off by a crash) are passed over.
 *
 * @param report what came over the report line, complete or cut off
 * @param console what came over the kernel's console: the log lines of a crash are only there
 * @param names the names of all plans of the list
 * @param first place in that list of the plan that this boot began with
 * @param end how the guest ended
 */
export function readBootReport(
  report: string,
  console: string,
  names: readonly string[],
  first: number,
  end: GuestEnd,
): BootReport {
  const results: PlanResult[] = [];
  let release: string | null = null;
  let next = first;
  let orderly = false;
  let open: OpenPlan | null = null;

  const close = (outcome: PlanResult['outcome'] | null, dirt: string | null) => {
    if (!open) return;
    results.push({
      plan: names[open.number] ?? `plan ${open.number}`,
      release: release ?? '',
      outcome: outcome ?? open.outcome ?? 'finished',
      steps: open.steps,
      log: open.log,
      sysfs: open.sysfs,
      tasks: open.tasks,
      endedAt: open.endedAt,
      dirt,
    });
    open = null;
  };

  for (const line of reportLines(report)) {
    switch (line.type) {
      case 'boot':
        release = String(line.release);
        break;
      case 'plan':
        open = newPlan(Number(line.plan));
        next = open.number + 1;
        break;
      case 'clean':
        close(null, line.dirt ? String(line.dirt) : null);
        break;
      case 'off':
        close(null, String(line.why));
        orderly = true;
        break;
      default:
        if (open) readPlanLine(open, line);
    }
  }
  if (open !== null) {
    const cut: OpenPlan = open;
    const fromConsole = logOfLastPlan(parseConsole(console));
    cut.log = withConsole(cut.log, fromConsole, cut.steps.at(-1)?.index ?? 0);
    const outcome = cut.outcome ?? CUT_BY[end];
    close(outcome, end === 'itself' ? 'the guest ended' : 'the guest was ended');
  }
  return { release, results, next, orderly };
}

/** What becomes of a plan that was under way when the guest ended. */
const CUT_BY = { itself: 'crashed', silence: 'silent', limit: 'overtime' } as const;

interface OpenPlan {
  readonly number: number;
  outcome: PlanResult['outcome'] | null;
  steps: StepResult[];
  log: PlanLogLine[];
  sysfs: SysfsSnapshot[];
  tasks: TaskSnapshot[];
  endedAt: number | null;
}

function newPlan(number: number): OpenPlan {
  return { number, outcome: null, steps: [], log: [], sysfs: [], tasks: [], endedAt: null };
}

function readPlanLine(open: OpenPlan, line: ReportLine): void {
  switch (line.type) {
    case 'step':
      open.steps.push({ index: Number(line.index), startedAt: line.at, endedAt: null, errno: null, value: null });
      break;
    case 'result': {
      const started = open.steps.pop();
      if (!started || started.index !== line.index) return;
      const value = typeof line.value === 'string' ? line.value : null;
      open.steps.push({ ...started, endedAt: line.at, errno: Number(line.errno), value });
      break;
    }
    case 'log': {
      const parsed = parseKmsgRecord(String(line.record));
      if (parsed) open.log.push({ ...parsed, step: stepOf(open) });
      break;
    }
    case 'sysfs':
      open.sysfs.push({ at: line.at, tree: line.tree as Record<string, string> });
      break;
    case 'task':
      open.tasks.push({
        at: line.at,
        name: typeof line.name === 'string' ? line.name : null,
        pid: Number(line.pid),
        comm: String(line.comm),
        state: String(line.state),
        patchState: Number(line.patchState),
        stack: parseStack(String(line.stack)),
        said: String(line.said ?? '')
          .split('\n')
          .filter((text) => text !== ''),
      });
      break;
    case 'ended':
      open.outcome = line.how === 'killed' ? 'killed' : line.how === 'hung' ? 'hung' : 'finished';
      open.endedAt = line.at;
      break;
  }
}

function stepOf(open: OpenPlan): number {
  return open.endedAt === null ? (open.steps.at(-1)?.index ?? 0) : -1;
}

function* reportLines(report: string): Generator<ReportLine> {
  for (const text of report.split('\n')) {
    if (!text.startsWith('{')) continue;
    try {
      yield JSON.parse(text) as ReportLine;
    } catch {
      // A crash cut it off.
    }
  }
}

function logOfLastPlan(lines: readonly KernelLogLine[]): KernelLogLine[] {
  const mark = lines.findLastIndex((line) => line.text === PLAN_MARK);
  return lines.slice(mark + 1);
}

/** The log that was reported, and what only the console still got after its last line. */
function withConsole(reported: readonly PlanLogLine[], console: readonly KernelLogLine[], step: number): PlanLogLine[] {
  const last = reported.at(-1);
  const rest = last ? console.filter((line) => line.at > last.at) : console;
  return [...reported, ...rest.map((line) => ({ ...line, step }))];
}
