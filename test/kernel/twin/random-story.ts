import { Prng } from '../../../shared/src/simulator/prng.ts';
import { functionsOf, MachineSketch, type Sleeper } from './random-machine.ts';
import { FAILURES, randomPatches } from './random-patches.ts';
import {
  A,
  B,
  disable,
  load,
  open,
  reader,
  SLEEPS,
  settle,
  start,
  thread,
  unload,
  wait,
  write,
} from './stories/words.ts';
import type { PatchSketch, Story, StoryStep, TaskSketch } from './story.ts';

/** Functions of the kernel in which tasks of the guest sleep, and what such a task does. */
const HELD_IN_KERNEL = {
  pipe_read: 'read',
  do_epoll_wait: 'epoll',
  do_sys_poll: 'poll',
  do_select: 'select',
  inet_csk_accept: 'accept',
  unix_stream_read_generic: 'recv',
  do_semtimedop: 'semop',
  __x64_sys_rt_sigtimedwait: 'sigwait',
  futex_wait: 'futex',
} as const;
export const HELD_FUNCTIONS = Object.keys(HELD_IN_KERNEL) as (keyof typeof HELD_IN_KERNEL)[];

const BYSTANDERS = ['pause', 'nanosleep', 'wait4', 'stopped', 'traced', 'vfork'] as const;
/**
 * They use the emulated CPU all the time, which makes a scenario as slow as a clock. Not `kernel`: a disabled patch then
 * waits for RCU tasks, for minutes and by chance (test/fixtures/found-scenarios).
 */
const BUSY = ['spin', 'calls', 'fork'] as const;
/** What a byte on its standard input lets go on. */
const READS_INPUT: ReadonlySet<string> = new Set(['read', 'epoll', 'poll', 'select']);
/** About how many steps there are at most that are no waiting; those that put everything back may exceed it. */
const MAX_ACTIONS = 15;

/**
 * A random story of up to three patches and up to about 15 actions, with the waiting that makes them comparable: a kernel
 * works on a transition once in a second, so the story never looks at the moment in which one may just end. It ends with
 * no task held and nothing loaded, unless a transition was forced or a task was sent on into a replacement; the guest's
 * agent cleans up behind it.
 *
 * @param seed the same seed makes the same story
 */
export function randomStory(seed: number): Story {
  return new Generator(seed).story();
}

/** What is loaded while the steps are made, as far as it decides which steps make sense. */
class Generator {
  readonly #seed: number;
  readonly #random: Prng;
  readonly #patches: Readonly<Record<string, PatchSketch>>;
  readonly #machine: MachineSketch;
  readonly #targets: readonly string[];
  readonly #tasks: Record<string, TaskSketch> = {};
  readonly #steps: StoryStep[] = [];
  #busy = false;
  #actions = 0;
  /** A task went on into a replacement: what it does from then on is no part of the simulator's workload. */
  #isOver = false;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Prng(seed, 0);
    this.#targets = this.#chance(45) ? [A, B] : [A];
    this.#patches = randomPatches(this.#random, this.#targets, HELD_FUNCTIONS);
    this.#machine = new MachineSketch(this.#patches);
  }

  story(): Story {
    const names = Object.keys(this.#patches);
    if (this.#chance(70)) this.#loadTarget(A);
    if (this.#chance(75)) this.#startTask();
    const wanted = 5 + this.#below(MAX_ACTIONS - 5 - names.length * 2);
    while (this.#actions < wanted && !this.#isOver) this.#act();
    if (!this.#isOver) this.#putBack();
    const missing = JSON.stringify(this.#patches).includes('no_such_function');
    const untraceable = JSON.stringify(this.#patches).includes('"__schedule"');
    return {
      name: `r${this.#seed}`,
      title: `Random scenario ${this.#seed}`,
      patches: this.#patches,
      targets: this.#targets,
      ...(missing || untraceable
        ? {
            symbols: {
              ...(missing ? { no_such_function: 0 } : {}),
              ...(untraceable ? { __schedule: 'notrace' as const } : {}),
            },
          }
        : {}),
      tasks: this.#tasks,
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

  #do(...steps: StoryStep[]): void {
    this.#steps.push(...steps);
    this.#actions += steps.filter((step) => !('wait' in step)).length;
  }

  #act(): void {
    const absent = Object.keys(this.#patches).filter((name) => !this.#machine.loaded.has(name));
    const enabled = [...this.#machine.enabled];
    const disabled = [...this.#machine.loaded].filter((name) => !this.#machine.enabled.has(name));
    const acts: (() => void)[] = [
      ...absent.flatMap((name) => [() => this.#load(name), () => this.#load(name), () => this.#load(name)]),
      ...enabled.flatMap((name) => [
        () => this.#disable(name),
        () => this.#disable(name),
        () => this.#do(unload(name)),
        () => this.#do(this.#refusedWrite(name), wait(1)),
        () => this.#do({ force: name }, wait(1)),
        () => this.#do(load(name), wait(1)),
      ]),
      ...disabled.flatMap((name) => [
        () => this.#unload(name),
        () => this.#unload(name),
        () => this.#do(this.#pick([write(`${name}/enabled`, '1'), load(name)]), wait(1)),
      ]),
      () => this.#startTask(),
      () => this.#startTask(),
      () => this.#touchTask(),
      ...this.#targets.map((target) => () => this.#moveTarget(target)),
    ];
    if (this.#chance(6)) acts.push(() => this.#switchFtrace());
    this.#pick(acts)();
  }

  /** What a patch that is enabled and in no transition does not take. */
  #refusedWrite(name: string): StoryStep {
    return this.#pick([
      write(`${name}/enabled`, '1'),
      write(`${name}/enabled`, 'on'),
      write(`${name}/enabled`, 'maybe'),
      write(`${name}/force`, '0'),
      write(`${name}/force`, 'x'),
    ]);
  }

  #switchFtrace(): void {
    const value = this.#machine.ftrace ? '0' : '1';
    this.#do({ sysctl: 'kernel.ftrace_enabled', value });
    // It stays on while a function is replaced.
    const used = [...this.#machine.enabled].some((name) =>
      this.#patches[name]?.objects.some(({ object, funcs }) => funcs.length > 0 && this.#machine.is(object)),
    );
    if (value === '1' || !used) this.#machine.ftrace = value === '1';
  }

  // Targets

  #moveTarget(target: string): void {
    const there = this.#machine.present.get(target);
    if (!there) this.#loadTarget(target);
    else if (!there.hasThread && !this.#machine.sleepersBehind(target).length) this.#unloadTarget(target);
  }

  #loadTarget(target: string): void {
    const inReplacement = this.#machine.replaced().has(`${target}_thread_wait`);
    const hasThread = this.#tasks[target] === undefined && !inReplacement && this.#chance(25);
    this.#do({ 'load-target': target, ...(hasThread ? { parameters: { thread: 1 } } : {}) }, wait(1));
    const refuses = [...this.#machine.enabled].some((name) =>
      this.#machine.refuses(name, (object) => object === target),
    );
    if (refuses) return;
    this.#machine.present.set(target, { gateIsOpen: false, hasThread });
    if (!hasThread) return;
    this.#tasks[target] = thread(target);
    this.#do({ watch: target });
    const func = `${target}_thread_wait`;
    this.#machine.sleepers.set(target, { sketch: thread(target), func, gate: target, sleeps: 'firmly' });
  }

  #unloadTarget(target: string): void {
    this.#do({ 'unload-target': target }, wait(1));
    this.#machine.present.delete(target);
  }

  #openGate(target: string): void {
    const there = this.#machine.present.get(target);
    if (!there || there.gateIsOpen) return;
    const names = this.#machine.sleepersBehind(target);
    this.#do(...names.map((name) => open(name, target)));
    if (names.length === 0) return;
    there.gateIsOpen = true;
    for (const name of names) this.#machine.leaves(name);
  }

  // Tasks

  /** A task that sleeps where nothing is replaced yet, or a bystander. */
  #startTask(): void {
    const replaced = this.#machine.replaced();
    // The guest's agent hears through a pipe that a task has started.
    if (replaced.has('pipe_read')) return;
    const places: (() => Sleeper)[] = [() => bystander(this.#pick(BYSTANDERS))];
    if (!this.#busy && this.#chance(7)) {
      places.push(() => {
        this.#busy = true;
        return bystander(this.#pick(BUSY));
      });
    }
    const wanted = Object.values(this.#patches).flatMap(functionsOf);
    const inKernel = HELD_FUNCTIONS.filter((func) => !replaced.has(func));
    const likely = inKernel.filter((func) => wanted.includes(func));
    if (inKernel.length > 0) {
      const from = likely.length > 0 && this.#chance(75) ? likely : inKernel;
      places.push(() => {
        const func = this.#pick(from);
        return { sketch: { does: HELD_IN_KERNEL[func] }, func, gate: null, sleeps: 'lightly' };
      });
    }
    for (const [target, { gateIsOpen }] of this.#machine.present) {
      const free = SLEEPS.filter((sleep) => !replaced.has(`${target}_${sleep}`));
      if (gateIsOpen || free.length === 0) continue;
      const place = (): Sleeper => {
        const sleep = this.#pick(free);
        const sleeps = sleep === 'uninterruptible' ? 'firmly' : sleep === 'killable' ? 'killable' : 'lightly';
        return { sketch: reader(sleep, target), func: `${target}_${sleep}`, gate: target, sleeps };
      };
      places.push(place, place);
    }
    const name = `task${Object.keys(this.#tasks).length + 1}`;
    const sleeper = this.#pick(places)();
    this.#tasks[name] = sleeper.sketch;
    this.#machine.sleepers.set(name, sleeper);
    this.#do(start(name));
  }

  /** Something that happens to a task outside a transition. */
  #touchTask(): void {
    const replaced = this.#machine.replaced();
    const free = [...this.#machine.sleepers].filter(
      ([, { sketch, func }]) => sketch.does !== 'kernel-thread' && (func === null || !replaced.has(func)),
    );
    if (free.length === 0) return;
    const [name, sleeper] = this.#pick(free);
    const { sketch, func, sleeps } = sleeper;
    const ways: (() => void)[] = [() => this.#do({ signal: name, name: this.#pick(['CHLD', 'CONT']) }, wait(1))];
    if (sleeps !== 'firmly') ways.push(() => this.#kill(name));
    if (READS_INPUT.has(sketch.does) && sketch.file === undefined && func !== null) {
      ways.push(() => {
        this.#do({ wake: name }, wait(1));
        if (sketch.does === 'poll' || sketch.does === 'select') this.#machine.leaves(name);
      });
    }
    if (sketch.does === 'sigwait') ways.push(() => this.#do({ signal: name, name: 'USR1' }, wait(1)));
    const stops = sleeps === 'lightly' && !['stopped', 'traced', 'vfork', 'spin'].includes(sketch.does);
    if (stops)
      ways.push(
        () => this.#stop(name, sleeper),
        () => this.#stop(name, sleeper),
      );
    this.#pick(ways)();
  }

  #kill(name: string): void {
    this.#do({ kill: name }, wait(1));
    this.#machine.sleepers.delete(name);
  }

  /** A task is stopped for a while: it has left the function in which it slept, and goes there again. */
  #stop(name: string, sleeper: Sleeper): void {
    this.#do({ signal: name, name: 'STOP' }, wait(1));
    this.#machine.sleepers.delete(name);
    if (sleeper.gate === null && this.#chance(50)) this.#act();
    if (this.#isOver) return;
    this.#machine.sleepers.set(name, sleeper);
    this.#do({ signal: name, name: 'CONT' }, wait(1));
    this.#isOver = sleeper.func !== null && this.#machine.replaced().has(sleeper.func);
  }

  // Patches

  /** The parameters for a load: now and then one says that a callback fails. */
  #parameters(name: string): Readonly<Record<string, number>> {
    const objects = this.#patches[name]?.objects ?? [];
    const told = objects.filter(
      ({ callbacks }) => typeof callbacks === 'object' && callbacks.pre_patch === 'parameter',
    );
    return Object.fromEntries(
      told.flatMap(({ object }) => (this.#chance(35) ? [[object, this.#pick(FAILURES)] as const] : [])),
    );
  }

  #load(name: string): void {
    const patch = this.#patches[name];
    const returns = this.#parameters(name);
    this.#machine.returns.set(name, returns);
    const parameters = Object.fromEntries(
      Object.entries(returns).map(([object, value]) => [`${object}_returns`, value]),
    );
    this.#do({ load: name, ...(Object.keys(returns).length > 0 ? { parameters } : {}) });
    if (this.#machine.refuses(name, (object) => this.#machine.is(object)) || !this.#machine.statesFit(patch)) {
      this.#do(settle);
      // pre_patch that returns more than 0 leaves the module there, not enabled.
      if (this.#machine.statesFit(patch) && this.#machine.prepares(name, (object) => this.#machine.is(object)) > 0)
        this.#machine.loaded.add(name);
      return;
    }
    this.#machine.loaded.add(name);
    this.#machine.enabled.add(name);
    const taken = patch?.replace ? [...this.#machine.enabled] : [name];
    const replaced = new Set(taken.flatMap((one) => functionsOf(this.#patches[one])));
    const holders = [...this.#machine.sleepers].filter(([, { func }]) => func !== null && replaced.has(func));
    if (holders.length === 0) this.#do(settle);
    else {
      this.#do(wait(2));
      this.#tryMeanwhile(name, holders);
      const end = this.#endTransition(name, holders);
      if (end === 'reversed') return;
      this.#isOver = end === 'over';
    }
    // The child of a vfork() slept there.
    if (replaced.has('pipe_read') && this.#hasVfork()) this.#isOver = true;
    if (!patch?.replace) return;
    for (const other of this.#machine.enabled) if (other !== name) this.#machine.enabled.delete(other);
  }

  #hasVfork(): boolean {
    return [...this.#machine.sleepers.values()].some(({ sketch }) => sketch.does === 'vfork');
  }

  /** What can be tried while tasks hold the transition of `name`. */
  #tryMeanwhile(name: string, holders: readonly (readonly [string, Sleeper])[]): void {
    if (this.#chance(35)) return;
    const others = Object.keys(this.#patches).filter((other) => other !== name);
    const tries: (() => void)[] = [
      () => this.#do(unload(name), wait(1)),
      ...others.map((other) =>
        this.#machine.loaded.has(other)
          ? () => this.#do(disable(other), wait(1))
          : () => this.#do(load(other), wait(1)),
      ),
      () => this.#do(disable(name), write(`${name}/enabled`, '1'), wait(2)),
      () => this.#do(write(`${name}/force`, '0'), write(`${name}/enabled`, '1'), wait(1)),
      ...this.#targets.map((target) => () => this.#moveTarget(target)),
      ...this.#targets.map((target) => () => this.#moveTarget(target)),
    ];
    // The signals do not wake them, so that nothing else changes.
    const firmly = holders.every(([, { sleeps }]) => sleeps !== 'lightly');
    if (firmly && !this.#hasVfork()) tries.push(() => this.#do(wait(20)));
    this.#pick(tries)();
  }

  /** `over`: a task went on into a replacement. */
  #endTransition(name: string, holders: readonly (readonly [string, Sleeper])[]): 'done' | 'reversed' | 'over' {
    const names = holders.map(([holder]) => holder);
    const lightly = holders.every(([, { sleeps }]) => sleeps === 'lightly');
    const gates = new Set(holders.map(([, { gate }]) => gate));
    const reverse = (): 'reversed' => {
      this.#do(disable(name), settle);
      this.#machine.enabled.delete(name);
      return 'reversed';
    };
    const ways: (() => 'done' | 'reversed' | 'over')[] = [reverse, reverse];
    if (this.#chance(40)) {
      ways.push(() => {
        this.#do({ force: name }, settle);
        return 'done';
      });
    }
    if (holders.every(([, { sleeps }]) => sleeps !== 'firmly')) {
      ways.push(() => {
        for (const holder of names) this.#kill(holder);
        this.#do(settle);
        return 'done';
      });
    }
    if (!gates.has(null)) {
      const openAll = (): 'done' => {
        for (const gate of gates) if (gate !== null) this.#openGate(gate);
        this.#do(settle);
        return 'done';
      };
      ways.push(openAll, openAll);
    }
    if (lightly) {
      ways.push(
        () => {
          this.#do(settle);
          return 'over';
        },
        () => {
          this.#do(...names.map((holder): StoryStep => ({ signal: holder, name: 'STOP' })), settle);
          return 'over';
        },
      );
    }
    if (holders.every(([, { gate, sketch }]) => gate === null && READS_INPUT.has(sketch.does))) {
      ways.push(() => {
        this.#do(...names.map((holder): StoryStep => ({ wake: holder })), settle);
        return 'over';
      });
    }
    return this.#pick(ways)();
  }

  #disable(name: string): void {
    this.#do(disable(name), settle);
    this.#machine.enabled.delete(name);
  }

  #unload(name: string): void {
    this.#do(unload(name));
    this.#machine.loaded.delete(name);
  }

  #putBack(): void {
    if (!this.#machine.ftrace) this.#switchFtrace();
    for (const target of this.#machine.present.keys()) this.#openGate(target);
    for (const name of [...this.#machine.enabled].reverse()) this.#disable(name);
    for (const name of [...this.#machine.loaded]) this.#unload(name);
    for (const target of this.#machine.present.keys()) this.#do({ 'unload-target': target });
    this.#do(settle);
  }
}

function bystander(does: TaskSketch['does']): Sleeper {
  return { sketch: { does }, func: null, gate: null, sleeps: does === 'vfork' ? 'killable' : 'lightly' };
}
