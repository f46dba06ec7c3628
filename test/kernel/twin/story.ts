import { readScenario } from '../../../server/src/scenario/read-scenario.ts';
import type { CallbackName } from '../../../shared/src/model/index.ts';
import type { Scenario, SignalName, TASK_STATES, TaskActivity } from '../../../shared/src/scenario/scenario.ts';

/**
 * A scenario that tests are written with: what stands in a `*.klpsim.json` file (shared/src/scenario/schema.ts), and its
 * modules in a few words instead of in C.
 */
export interface Story {
  /** kebab-case; the recordings' file names begin with it. */
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly title: string;
  /** Livepatch modules, by module name. */
  readonly patches: Readonly<Record<string, PatchSketch>>;
  /** Target modules that its steps load. Each is target-source.ts under its own name. */
  readonly targets?: readonly string[];
  /** Functions of the kernel that are not what a patch takes them for. All others exist once and can be traced. */
  readonly symbols?: Readonly<Record<string, number | 'notrace'>>;
  readonly tasks?: Readonly<Record<string, TaskSketch>>;
  readonly steps: readonly StoryStep[];
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
  /**
   * Each callback prints that it runs. `pre_patch` may return something else than 0, or what the module's parameter
   * `OBJECT_returns` says.
   */
  readonly callbacks?: 'all' | { readonly [name in CallbackName]?: number | 'parameter' };
}

/** As in the file. */
export interface TaskSketch {
  readonly does: TaskActivity;
  readonly file?: string;
  readonly stack?: readonly string[];
  readonly state?: (typeof TASK_STATES)[number];
  readonly onSignal?: 'EINTR';
  readonly afterWake?: readonly string[];
}

/** As in the file. */
export type StoryStep =
  | { readonly load: string; readonly parameters?: Readonly<Record<string, string | number>> }
  | { readonly unload: string }
  | { readonly 'load-target': string; readonly parameters?: Readonly<Record<string, string | number>> }
  | { readonly 'unload-target': string }
  | { readonly write: string; readonly value: string }
  | { readonly disable: string }
  | { readonly force: string }
  | { readonly sysctl: 'kernel.ftrace_enabled'; readonly value: '0' | '1' }
  | { readonly start: string }
  | { readonly watch: string }
  | { readonly wake: string; readonly by?: { readonly file: string; readonly value: string } }
  | { readonly kill: string }
  | { readonly signal: string; readonly name: SignalName }
  | { readonly wait: number | 'transition' };

/** The story as the content of a scenario file, whose modules stand beside it in `NAME.c`. */
export function scenarioFile({ title, patches, targets, symbols, tasks, steps }: Story): object {
  const sources = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, `${name}.c`]));
  return {
    title,
    kernels: ['6.12', '6.1'],
    modules: sources(Object.keys(patches)),
    ...(targets ? { targets: sources(targets) } : {}),
    ...(symbols ? { symbols } : {}),
    ...(tasks ? { tasks } : {}),
    steps,
  };
}

/** The scenario that the story's file holds. Throws with what is wrong when it is none. */
export function scenarioOf(story: Story): Scenario {
  const { scenario, errors } = readScenario(JSON.stringify(scenarioFile(story)));
  if (!scenario) throw new Error(`${story.name}: ${errors.map(({ message }) => message).join(' ')}`);
  return scenario;
}

/** Keys of steps whose value is the name of a livepatch module, or begins with it. */
export const TELLS_A_MODULE: ReadonlySet<string> = new Set(['load', 'unload', 'disable', 'force', 'write']);

/**
 * The story with module names that no other story has (`lp_one` of `forced` becomes `lp_forced_one`): the modules of all
 * stories are built at once and stand in one guest.
 */
export function withOwnNames(story: Story): Story {
  return renamed(story, (module) => module.replace(/^lp_/, `lp_${story.name.replaceAll('-', '_')}_`));
}

/** The story with other names for its livepatch modules. */
export function renamed(story: Story, nameOf: (module: string) => string): Story {
  const own = (text: string) => {
    const [module = '', ...rest] = text.split('/');
    return [nameOf(module), ...rest].join('/');
  };
  return {
    ...story,
    patches: Object.fromEntries(Object.entries(story.patches).map(([name, sketch]) => [nameOf(name), sketch])),
    steps: story.steps.map((step) => {
      const changed = Object.entries(step).map(([key, value]) => [key, TELLS_A_MODULE.has(key) ? own(value) : value]);
      return Object.fromEntries(changed) as StoryStep;
    }),
  };
}
