import type { TaskDoing } from '../../../server/src/kernel-runner/guest-plan.ts';
import type { CallbackName } from '../../../shared/src/model/index.ts';
import type { SymbolTable } from '../../../shared/src/simulator/symbols.ts';

/** One story that is played on a real kernel and on the simulator. */
export interface Scenario {
  /** kebab-case; the recordings' file names begin with it. */
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly about: string;
  /** Livepatch modules, by module name. */
  readonly patches: Readonly<Record<string, PatchSketch>>;
  /** Target modules that its steps load. Each is target.c under its own name. */
  readonly targets?: readonly string[];
  /** Functions of the kernel that are not what a patch takes them for. All others exist once and can be traced. */
  readonly symbols?: Readonly<Record<string, readonly { readonly traceable: boolean }[]>>;
  readonly steps: readonly ScenarioStep[];
}

export interface PatchSketch {
  readonly objects: readonly ObjectSketch[];
  readonly replace?: boolean;
  readonly states?: readonly { readonly id: number; readonly version: number }[];
  readonly withoutExit?: boolean;
  readonly withoutMark?: boolean;
}

export interface ObjectSketch {
  /** `vmlinux`, or a module. */
  readonly object: string;
  readonly funcs: readonly (string | { readonly name: string; readonly sympos: number })[];
  /** Each callback prints that it runs. `pre_patch` may return something else than 0. */
  readonly callbacks?: 'all' | { readonly [name in CallbackName]?: number };
}

export type ScenarioStep =
  | { readonly do: 'load' | 'unload'; readonly patch: string }
  | { readonly do: 'load-target' | 'unload-target'; readonly target: string; readonly params?: string }
  /** `path` is below /sys/kernel/livepatch. */
  | { readonly do: 'write'; readonly path: string; readonly value: string }
  | { readonly do: 'sysctl'; readonly name: 'kernel.ftrace_enabled'; readonly value: string }
  /** Starts a task; what it reads is a file of a target for `read` with an argument. */
  | { readonly do: 'start'; readonly task: string; readonly what: TaskDoing; readonly argument?: string }
  /** Looks at a kernel thread, which is there already, from now on. */
  | { readonly do: 'watch'; readonly task: string }
  /** Lets all tasks go on that a target holds. */
  | { readonly do: 'open-gate'; readonly target: string }
  | { readonly do: 'wait'; readonly seconds: number }
  /** Waits until no transition is going on, and two seconds more. */
  | { readonly do: 'settle' };

/** What the scenario says about symbols, as the simulator wants it. */
export function symbolTable(scenario: Scenario): SymbolTable {
  return { find: (_object, name) => scenario.symbols?.[name] ?? [{ traceable: true }] };
}

/** In a few words, for reports: `write lp_one/enabled 0`. */
export function stepText(step: ScenarioStep): string {
  const { do: verb, ...rest } = step;
  return [verb, ...Object.values(rest)].join(' ');
}

/**
 * The scenario with module names that no other scenario has (`lp_one` of scenario `forced` becomes `lp_forced_one`): the
 * modules of all scenarios are built at once and stand in one guest.
 */
export function withOwnNames(scenario: Scenario): Scenario {
  const own = (patch: string) => patch.replace(/^lp_/, `lp_${scenario.name.replaceAll('-', '_')}_`);
  return {
    ...scenario,
    patches: Object.fromEntries(Object.entries(scenario.patches).map(([name, sketch]) => [own(name), sketch])),
    steps: scenario.steps.map((step) => {
      if (step.do === 'load' || step.do === 'unload') return { ...step, patch: own(step.patch) };
      return step.do === 'write' ? { ...step, path: own(step.path) } : step;
    }),
  };
}
