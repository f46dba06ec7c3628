import { ShadowVariables } from '../../../shared/src/simulator/shadow.ts';
import type { Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';
import { CProgram, type Thread } from './c-program.ts';
import { Cell, CFunction, type CValue, printf } from './c-values.ts';
import type { LogLine } from './log.ts';
import type { TestModule, TestModules } from './modules.ts';

/** MODULE_STATE_… of include/linux/module.h. */
const STATES = { live: 0, coming: 1, going: 2, unformed: 3 } as const;

/** One insmod of a module: its variables, and the work that it has queued. */
interface LoadedCode {
  readonly module: TestModule;
  readonly program: CProgram;
  readonly self: Cell;
  readonly states: ReadonlyMap<number, Cell>;
  readonly working: Map<Cell, Thread>;
}

/**
 * Runs the C code of the modules along a trace: init and exit functions, callbacks and replacements, as the simulator says
 * that the kernel calls them. What they ask livepatch is answered from the trace.
 */
export class ModuleCode {
  /** Where a callback's C code returns something else than the simulator took it to. */
  readonly differences: string[] = [];
  private readonly modules: TestModules;
  private readonly parameters: ReadonlyMap<string, readonly string[]>;
  private readonly loaded = new Map<string, LoadedCode>();
  private readonly targets = new Map<string, keyof typeof STATES>();
  private readonly shadows = new ShadowVariables<CValue, Cell>();
  private readonly consoleLoglevel = new Cell(DEFAULT_LOGLEVEL);
  /** klp_patches and klp_transition_patch */
  private patches: string[] = [];
  private inTransition: string | null = null;
  private lines: string[] = [];

  /** `parameters`: what the command line of insmod gave to modules that are no livepatch. */
  constructor(modules: TestModules, parameters: ReadonlyMap<string, readonly string[]>) {
    this.modules = modules;
    this.parameters = parameters;
  }

  /** Goes on to the next event and returns the lines that are printed there. */
  at(event: TraceEvent): readonly LogLine[] {
    this.lines = [];
    switch (event.type) {
      case 'step':
        this.step(event);
        break;
      case 'module':
        this.moduleChanged(event.module, event.state);
        break;
      case 'callback':
        this.callback(event);
        break;
      case 'transition':
        this.inTransition = event.phase === 'done' ? null : event.patch;
        break;
      case 'sysfs':
        if (event.path.includes('/')) break;
        this.patches = this.patches.filter((patch) => patch !== event.path);
        if (event.value !== null) this.patches.push(event.path);
        break;
    }
    const source =
      event.type === 'module' && this.modules.get(event.module).model.role === 'helper' ? 'shadow' : 'module';
    return this.lines.map((text) => ({ source, text }));
  }

  /** Goes on to the end of what has happened. */
  upTo(trace: Trace, until: number): this {
    for (const event of trace.events) if (event.at <= until) this.at(event);
    return this;
  }

  /** What modules leave behind when all of them are gone. */
  leftBehind(): string[] {
    const left: string[] = [];
    if (this.consoleLoglevel.value !== DEFAULT_LOGLEVEL) left.push('console_loglevel is not what it was');
    if (this.shadows.size > 0) left.push(`${this.shadows.size} shadow variables are left`);
    return [...left, ...[...this.loaded.keys()].map((name) => `${name} is still loaded`)];
  }

  /** Functions that a module's work sleeps in, innermost first; null when it has none. */
  asleepIn(name: string): readonly string[] | null {
    const code = this.loaded.get(name);
    return code && code.working.size > 0 ? [...code.program.running].reverse() : null;
  }

  /** What a replacement of a seq_file's show function writes. */
  shown(patch: string, replacement: string): string {
    this.lines = [];
    this.code(patch).program.call(replacement, [0, 0]);
    return this.lines.join('');
  }

  private step(event: TraceEvent & { type: 'step' }): void {
    const { step } = event;
    if (step.do === 'load') {
      this.load(step.image.module, Object.entries(step.parameters ?? {}));
    } else if (step.do === 'load-target') {
      const given = this.parameters.get(step.module) ?? [];
      this.load(
        step.module,
        given.map((text) => text.split('=') as [string, string]),
      );
      this.targets.set(step.module, 'coming');
    } else if (step.do === 'set-parameter' && event.errno === 0) {
      setParameter(this.code(step.module).program, step.name, step.value);
    } else if ((step.do === 'unload' || step.do === 'unload-target') && event.errno === 0) {
      const code = this.code(step.module);
      const exit = code.module.model.exit[0]?.function;
      if (exit) code.program.call(exit, []);
      this.targets.set(step.module, 'going');
    }
  }

  private moduleChanged(name: string, state: 'loaded' | 'gone' | 'refused'): void {
    if (state !== 'loaded') {
      this.loaded.delete(name);
      this.targets.delete(name);
      return;
    }
    const { module, program } = this.code(name);
    this.targets.set(name, 'live');
    // A livepatch's init function is what the simulator plays.
    const init = module.image === null ? module.model.init[0]?.function : undefined;
    if (init) program.call(init, []);
  }

  private callback(event: TraceEvent & { type: 'callback' }): void {
    const object =
      event.object === 'vmlinux'
        ? Cell.struct({ mod: 0 })
        : Cell.struct({
            mod: Cell.struct({ name: event.object, state: STATES[this.targets.get(event.object) ?? 'live'] }),
          });
    const returned = this.code(event.patch).program.call(event.function, [object]);
    if (event.callback === 'pre_patch' && returned !== event.returns) {
      this.differences.push(`${event.function}() of ${event.patch} returns ${returned}, simulator ${event.returns}`);
    }
  }

  private code(name: string): LoadedCode {
    const code = this.loaded.get(name);
    if (!code) throw new Error(`${name} is not loaded`);
    return code;
  }

  private load(name: string, parameters: readonly (readonly [string, string])[]): void {
    const module = this.modules.get(name);
    const self = Cell.struct({ name });
    const states = new Map(
      (module.image?.states ?? []).map(({ id, version }) => [id, Cell.struct({ id, version, data: 0 })]),
    );
    const working = new Map<Cell, Thread>();
    const program: CProgram = new CProgram(name, module.texts, {
      print: (text) => this.lines.push(text),
      constants: {
        THIS_MODULE: self,
        MODULE_STATE_LIVE: STATES.live,
        MODULE_STATE_COMING: STATES.coming,
        MODULE_STATE_GOING: STATES.going,
        MODULE_STATE_UNFORMED: STATES.unformed,
        ...CONSTANTS,
      },
      variables: { console_loglevel: this.consoleLoglevel },
      functions: {
        ...MEMORY_AND_LISTS,
        ...this.livepatchFunctions(name, states),
        ...this.shadowFunctions(() => program),
        ...workFunctions(() => program, working),
        seq_printf: ([, format, ...args]) => {
          this.lines.push(printf(String(format), args));
          return 0;
        },
      },
    });
    for (const [parameter, value] of parameters) setParameter(program, parameter, value);
    this.loaded.set(name, { module, program, self, states, working });
  }

  /** kernel/livepatch/state.c */
  private livepatchFunctions(name: string, states: ReadonlyMap<number, Cell>): Functions {
    return {
      klp_get_state: ([, id]) => states.get(Number(id)) ?? 0,
      klp_get_prev_state: ([id]) => {
        if (this.inTransition === null) throw new Error(`klp_get_prev_state() of ${name} outside of a transition`);
        const before = this.patches.slice(0, this.patches.indexOf(this.inTransition));
        return before.map((patch) => this.code(patch).states.get(Number(id))).findLast(Boolean) ?? 0;
      },
    };
  }

  private shadowFunctions(program: () => CProgram): Functions {
    const { shadows } = this;
    const construct = (thing: CValue, ctor: CValue, ctorData: CValue) =>
      ctor instanceof CFunction ? (data: Cell) => Number(program().call(ctor.name, [thing, data, ctorData])) : null;
    const destruct = (dtor: CValue) =>
      dtor instanceof CFunction ? (thing: CValue, data: Cell) => void program().call(dtor.name, [thing, data]) : null;
    return {
      klp_shadow_get: ([thing, id]) => shadows.get(thing, Number(id)) ?? 0,
      klp_shadow_alloc: ([thing, id, , , ctor, data]) =>
        shadows.alloc(thing, Number(id), new Cell(), construct(thing, ctor, data)) ?? 0,
      klp_shadow_get_or_alloc: ([thing, id, , , ctor, data]) =>
        shadows.getOrAlloc(thing, Number(id), new Cell(), construct(thing, ctor, data)) ?? 0,
      klp_shadow_free: ([thing, id, dtor]) => {
        const free = destruct(dtor);
        shadows.free(thing, Number(id), free && ((data) => free(thing, data)));
        return undefined;
      },
      klp_shadow_free_all: ([id, dtor]) => {
        shadows.freeAll(Number(id), destruct(dtor));
        return undefined;
      },
    };
  }
}

type Functions = ConstructorParameters<typeof CProgram>[2]['functions'];

const DEFAULT_LOGLEVEL = 7;

const CONSTANTS: Readonly<Record<string, CValue>> = {
  GFP_KERNEL: 'GFP_KERNEL',
  GFP_ATOMIC: 'GFP_ATOMIC',
  ENOMEM: 12,
  EINVAL: 22,
  CONSOLE_LOGLEVEL_MOTORMOUTH: 15,
};

const cell = (value: CValue): Cell => {
  if (!(value instanceof Cell)) throw new Error('a NULL pointer');
  return value;
};

const MEMORY_AND_LISTS: Functions = {
  kmalloc: () => new Cell(),
  kzalloc: () => new Cell(0),
  kfree: () => undefined,
  list_add: ([entry, head]) => {
    cell(head).entries.unshift(cell(entry));
    return undefined;
  },
  list_del: () => undefined,
  kobject_put: () => undefined,
  READ_ONCE: ([value]) => value,
  WRITE_ONCE: ([, value], [variable]) => {
    if (variable) variable().value = value;
    return value;
  },
};

/** A work runs as soon as it is queued, until it sleeps; who waits for it lets it run to its end. */
function workFunctions(program: () => CProgram, working: Map<Cell, Thread>): Functions {
  return {
    schedule_work: ([work]) => {
      const name = program().works.get(cell(work));
      if (name === undefined) throw new Error('a work without a function');
      const thread = program().thread(name, [work]);
      if (!thread.next().done) working.set(cell(work), thread);
      return 1;
    },
    complete: () => undefined,
    wait_for_completion: () => undefined,
    flush_work: ([work]) => {
      const thread = working.get(cell(work));
      working.delete(cell(work));
      for (let naps = 0; thread && !thread.next().done; naps++) {
        if (naps > 1_000) throw new Error('flush_work() waits for ever');
      }
      return 1;
    },
  };
}

/** What insmod or sysfs writes: a number, or Y or N. */
function setParameter(program: CProgram, name: string, text: string): void {
  // Arrays are not looked at by what runs here.
  if (!/^(?:-?\d+|[YN])$/.test(text)) return;
  program.global(name).value = text === 'Y' ? 1 : text === 'N' ? 0 : Number(text);
}
