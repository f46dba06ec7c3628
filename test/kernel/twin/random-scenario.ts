import { Prng } from '../../../shared/src/simulator/prng.ts';
import type { ObjectSketch, PatchSketch, Scenario, ScenarioStep } from './scenario.ts';
import { A, disable, hold, load, open, settle, target, unload, untarget, wait, write } from './scenarios/words.ts';

/** Functions of the kernel that exist once, can be traced and do no harm when they return 0. */
const QUIET = ['cmdline_proc_show', 'uptime_proc_show', 'loadavg_proc_show', 'version_proc_show', 'meminfo_proc_show'];
const HELD_IN_TARGET = ['interruptible', 'eintr', 'killable', 'uninterruptible'] as const;
const FIRM: ReadonlySet<string> = new Set([`${A}_killable`, `${A}_uninterruptible`]);
const NAMES = ['lp_one', 'lp_two', 'lp_three'];
/** About how many steps there are at most that are no waiting; those that put everything back may exceed it. */
const MAX_ACTIONS = 15;

/**
 * A random scenario of up to three patches and up to about 15 actions, with the waiting that makes them comparable: a kernel
 * works on a transition once in a second, so the scenario never looks at the moment in which one may just end. It ends
 * with no task held and nothing loaded, unless a transition was forced
 * or ended by signals; the guest's agent cleans up behind it.
 *
 * @param seed the same seed makes the same scenario
 */
export function randomScenario(seed: number): Scenario {
  return new Generator(seed).scenario();
}

/** What is loaded while the steps are made, as far as it decides which steps make sense. */
class Generator {
  readonly #seed: number;
  readonly #random: Prng;
  readonly #patches: Record<string, PatchSketch> = {};
  readonly #steps: ScenarioStep[] = [];
  /** Module is in the kernel. */
  readonly #loaded = new Set<string>();
  readonly #enabled = new Set<string>();
  /** Functions in which a task sleeps. */
  readonly #held = new Set<string>();
  #targetIsLoaded = false;
  #gateIsOpen = false;
  #tasks = 0;
  #actions = 0;
  /** A signal sent a task on into a replacement: what it does from then on is no part of the simulator's workload. */
  #isOver = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Prng(seed, 0);
  }

  scenario(): Scenario {
    const names = NAMES.slice(0, 1 + this.#below(NAMES.length));
    for (const name of names) this.#patches[name] = this.#patch();
    if (this.#chance(70)) this.#loadTarget();
    if (this.#chance(70)) this.#holdTask();
    const wanted = 5 + this.#below(MAX_ACTIONS - 5 - names.length * 2);
    while (this.#actions < wanted && !this.#isOver) this.#act();
    if (!this.#isOver) this.#putBack();
    return {
      name: `random-${this.#seed}`,
      about: 'A random scenario.',
      patches: this.#patches,
      targets: [A],
      steps: this.#steps,
    };
  }

  #below(limit: number): number {
    return this.#random.below(limit);
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  #pick<T>(list: readonly T[]): T {
    const one = list[this.#below(list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  #some<T>(list: readonly T[], most: number): T[] {
    const rest = [...list];
    const count = 1 + this.#below(most);
    return Array.from({ length: count }, () => rest.splice(this.#below(rest.length), 1)).flat();
  }

  #do(...steps: ScenarioStep[]): void {
    this.#steps.push(...steps);
    this.#actions += steps.filter((step) => step.do !== 'settle' && step.do !== 'wait').length;
  }

  #patch(): PatchSketch {
    const kind = this.#below(3);
    const objects: ObjectSketch[] = [];
    if (kind !== 1) {
      const funcs = this.#some([...QUIET, 'do_epoll_wait', 'pipe_read'], 3);
      objects.push({ object: 'vmlinux', funcs, ...this.#callbacks([-19, -22, 1]) });
    }
    if (kind !== 0) {
      const funcs = this.#some(HELD_IN_TARGET, 2).map((name) => `${A}_${name}`);
      objects.push({ object: A, funcs, ...this.#callbacks([-16, -22]) });
    }
    return {
      objects,
      ...(this.#chance(30) ? { replace: true } : {}),
      ...(this.#chance(35) ? { states: [{ id: 1 + this.#below(2), version: 1 + this.#below(2) }] } : {}),
    };
  }

  #callbacks(failures: readonly number[]): Pick<ObjectSketch, 'callbacks'> {
    if (this.#chance(25)) return {};
    if (this.#chance(80)) return { callbacks: 'all' };
    const more = this.#chance(50) ? { post_patch: 0, pre_unpatch: 0, post_unpatch: 0 } : { post_unpatch: 0 };
    return { callbacks: { pre_patch: this.#pick(failures), ...more } };
  }

  #act(): void {
    const absent = Object.keys(this.#patches).filter((name) => !this.#loaded.has(name));
    const enabled = [...this.#enabled];
    const disabled = [...this.#loaded].filter((name) => !this.#enabled.has(name));
    const acts: (() => void)[] = [
      ...absent.flatMap((name) => [() => this.#load(name), () => this.#load(name), () => this.#load(name)]),
      ...enabled.flatMap((name) => [
        () => this.#disable(name),
        () => this.#disable(name),
        () => this.#do(unload(name)),
        () => this.#do(write(`${name}/enabled`, '1'), wait(1)),
        () => this.#do(write(`${name}/force`, '1'), wait(1)),
        () => this.#do(load(name), wait(1)),
      ]),
      ...disabled.flatMap((name) => [() => this.#unload(name), () => this.#unload(name)]),
      () => this.#holdTask(),
    ];
    if (!this.#targetIsLoaded) acts.push(() => this.#loadTarget());
    else if (this.#held.size === 0) acts.push(() => this.#unloadTarget());
    this.#pick(acts)();
  }

  #loadTarget(): void {
    this.#do(target(A), wait(1));
    const refuses = [...this.#enabled].some((name) => preparesWith(this.#patches[name], (object) => object === A) < 0);
    if (refuses) return;
    this.#targetIsLoaded = true;
    this.#gateIsOpen = false;
  }

  #unloadTarget(): void {
    this.#do(untarget(A), wait(1));
    this.#targetIsLoaded = false;
  }

  /** A task that sleeps where nothing is replaced yet, or a bystander. */
  #holdTask(): void {
    const patched = new Set([...this.#enabled].flatMap((name) => functionsOf(this.#patches[name])));
    // The guest's agent hears through a pipe that a task has started.
    if (patched.has('pipe_read')) return;
    const task = `task${++this.#tasks}`;
    const places: (() => void)[] = [
      () => this.#do({ do: 'start', task, what: this.#pick(['pause', 'futex', 'nanosleep', 'wait4'] as const) }),
    ];
    for (const [func, what] of [
      ['do_epoll_wait', 'epoll'],
      ['pipe_read', 'read'],
    ] as const) {
      if (patched.has(func)) continue;
      places.push(() => {
        this.#do({ do: 'start', task, what });
        this.#held.add(func);
      });
    }
    if (this.#targetIsLoaded && !this.#gateIsOpen) {
      for (const what of HELD_IN_TARGET) {
        if (patched.has(`${A}_${what}`)) continue;
        places.push(() => {
          this.#do(hold(task, what));
          this.#held.add(`${A}_${what}`);
        });
      }
    }
    this.#pick(places)();
  }

  #load(name: string): void {
    const patch = this.#patches[name];
    this.#do(load(name));
    const there = (object: string) => object === 'vmlinux' || this.#targetIsLoaded;
    const prepared = preparesWith(patch, there);
    const refused = prepared < 0 || !this.#statesFit(patch);
    if (!refused) this.#loaded.add(name);
    if (refused || prepared > 0) {
      this.#do(settle);
      return;
    }
    this.#enabled.add(name);
    const taken = patch?.replace ? [...this.#enabled] : [name];
    const holding = taken
      .flatMap((one) => functionsOf(this.#patches[one]))
      .filter((func) => this.#held.has(func) && (there(A) || !func.startsWith(A)));
    if (holding.length === 0) this.#do(settle);
    else {
      this.#do(wait(2));
      const firmly = holding.some((func) => FIRM.has(func));
      const end = this.#midTransition(name, firmly);
      if (end === 'reversed') return;
      const allWentOn = end === 'done' && holding.every((func) => !this.#held.has(func));
      this.#isOver = end === 'done' && !allWentOn;
    }
    if (!patch?.replace) return;
    for (const other of this.#enabled) if (other !== name) this.#enabled.delete(other);
  }

  /** What can be tried while a task holds the transition of `name`, and what ends it. */
  #midTransition(name: string, firmly: boolean): 'done' | 'reversed' | 'forced' {
    const others = Object.keys(this.#patches).filter((other) => other !== name);
    const tries: (() => void)[] = [
      () => this.#do(unload(name), wait(1)),
      ...others.map((other) =>
        this.#loaded.has(other) ? () => this.#do(disable(other), wait(1)) : () => this.#do(load(other), wait(1)),
      ),
      () => this.#do(disable(name), write(`${name}/enabled`, '1'), wait(2)),
    ];
    if (this.#chance(60)) this.#pick(tries)();
    const end = this.#below(10);
    if (end < 3) {
      this.#do(disable(name), settle);
      this.#enabled.delete(name);
      return 'reversed';
    }
    if (end === 3) {
      this.#do(write(`${name}/force`, '1'), settle);
      return 'forced';
    }
    if (firmly || (this.#targetIsLoaded && !this.#gateIsOpen && end < 7)) this.#openGate();
    else this.#do(settle);
    return 'done';
  }

  #openGate(): void {
    this.#do(open(), settle);
    this.#gateIsOpen = true;
    for (const func of [...this.#held]) if (func.startsWith(A)) this.#held.delete(func);
  }

  /** States of enabled patches: one that replaces must know them all, no version goes down. */
  #statesFit(patch: PatchSketch | undefined): boolean {
    return [...this.#enabled].every((name) =>
      (this.#patches[name]?.states ?? []).every((old) => {
        const own = patch?.states?.find(({ id }) => id === old.id);
        return own ? own.version >= old.version : !patch?.replace;
      }),
    );
  }

  #disable(name: string): void {
    this.#do(disable(name), settle);
    this.#enabled.delete(name);
  }

  #unload(name: string): void {
    this.#do(unload(name));
    this.#loaded.delete(name);
  }

  #putBack(): void {
    if (this.#targetIsLoaded && !this.#gateIsOpen) this.#openGate();
    for (const name of [...this.#enabled].reverse()) this.#disable(name);
    for (const name of [...this.#loaded]) this.#unload(name);
    if (this.#targetIsLoaded) this.#do(untarget(A));
    this.#do(settle);
  }
}

/** What insmod makes of the pre_patch callbacks of the objects that are there: the first one that is not 0. */
function preparesWith(patch: PatchSketch | undefined, there: (object: string) => boolean): number {
  for (const { object, callbacks } of patch?.objects ?? []) {
    if (!there(object) || callbacks === undefined || callbacks === 'all') continue;
    if (callbacks.pre_patch !== undefined && callbacks.pre_patch !== 0) return callbacks.pre_patch;
  }
  return 0;
}

function functionsOf(patch: PatchSketch | undefined): string[] {
  return (patch?.objects ?? []).flatMap(({ funcs }) =>
    funcs.map((func) => (typeof func === 'string' ? func : func.name)),
  );
}
