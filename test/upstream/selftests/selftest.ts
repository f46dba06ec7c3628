import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sysfsRights } from '../../../shared/src/simulator/sysfs-modes.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import { kernelLog, type LineSource, type LogLine, type ScriptLine } from './log.ts';
import { busyWorker, hammering, isInSysfs, sysfsValue, TwinMachine, WORKER } from './machine.ts';
import { ModuleCode } from './module-code.ts';
import type { TestModule, TestModules } from './modules.ts';
import { playScript } from './session.ts';

/** One start_test … check_result of a script, and how far the simulated machine agrees with what it demands. */
export interface SelftestResult {
  readonly script: string;
  readonly title: string;
  /** Helpers that did something to the machine or looked at it. */
  steps: number;
  /** Lines that check_result demands and that are there, by who writes them. */
  readonly lines: { [source in LineSource]: number };
  /** Values and access rights in sysfs that a helper looks at. */
  assertions: number;
  /** Tasks that the simulator's transitions waited for because of what they sleep in: `comm: function`. */
  readonly heldUp: string[];
  /** check_result was reached. */
  finished: boolean;
  /** Empty when they agree. */
  readonly differences: string[];
  /** What was demanded and could not be compared, each in a line. Never counted as agreement. */
  readonly notCompared: string[];
  /** The log that check_result demands, and the simulator's; empty until it is reached. */
  demanded: readonly string[];
  simulated: readonly LogLine[];
}

const EAGAIN = -11;
/** Programs that call getpid() all the time, by the first 15 characters of their name. */
const CALLERS = 'test_klp-call_g';

/** Plays a script and returns its tests in order. `kernel` is `6.1` or `6.12`. */
export async function playSelftest(
  script: string,
  kernel: string,
  modules: TestModules,
  seed: number,
): Promise<SelftestResult[]> {
  const player = new Player(basename(script), kernel, modules, seed);
  const errors = await playScript(script, (helper, args, root) => player.answer(helper, args, root));
  const last = player.results.at(-1);
  if (errors !== '') {
    if (!last) throw new Error(errors);
    last.differences.push(`the script said: ${errors.trim()}`);
  }
  for (const result of player.results) {
    if (!result.finished) result.differences.push('check_result was not reached');
  }
  return player.results;
}

class Player {
  readonly results: SelftestResult[] = [];
  private readonly script: string;
  private readonly kernel: string;
  private readonly modules: TestModules;
  private readonly seed: number;
  private machine: TwinMachine;
  private lines: ScriptLine[] = [];
  /** Parameters of modules that are no livepatch. */
  private parameters = new Map<string, readonly string[]>();

  constructor(script: string, kernel: string, modules: TestModules, seed: number) {
    this.script = script;
    this.kernel = kernel;
    this.modules = modules;
    this.seed = seed;
    this.machine = new TwinMachine(kernel, seed);
  }

  answer(helper: string, args: readonly string[], root: string): string {
    if (helper === 'start_test') this.startTest(args[0] ?? '');
    const result = this.results.at(-1);
    if (!result) return 'ok'; // setup_config comes before the first test.
    let problem: string | null;
    try {
      problem = this.help(result, helper, args);
      this.writeFiles(root);
    } catch (error) {
      problem = `${error}`;
    }
    if (problem !== null) result.differences.push(`${[helper, ...args].join(' ').split('\n')[0]}: ${problem}`);
    return problem ?? 'ok';
  }

  private startTest(title: string): void {
    this.machine = new TwinMachine(this.kernel, this.seed);
    this.lines = [];
    this.parameters = new Map();
    this.results.push({
      script: this.script,
      title,
      steps: 0,
      lines: { script: 0, livepatch: 0, module: 0, shadow: 0 },
      assertions: 0,
      heldUp: [],
      finished: false,
      differences: [],
      notCompared: [],
      demanded: [],
      simulated: [],
    });
  }

  /** Null, or what went wrong. */
  private help(result: SelftestResult, helper: string, args: readonly string[]): string | null {
    const [name = '', ...parameters] = args;
    switch (helper) {
      case 'start_test':
        return null;
      case 'sleep':
        this.machine.sleep();
        return null;
      case 'log':
        this.log(name);
        return null;
      case 'die':
      case 'skip':
        return 'the script gave up';
      case 'check_result':
        return this.checkResult(result, name);
      case 'check_sysfs_rights': {
        result.assertions++;
        const path = [name, parameters[0]].filter(Boolean).join('/');
        if (!isInSysfs(this.machine.state, path)) return 'it is not there';
        return sysfsRights(path) === parameters[1] ? null : `they are ${sysfsRights(path)}`;
      }
      case 'check_sysfs_value': {
        result.assertions++;
        const value = sysfsValue(this.machine.state, `${name}/${parameters[0]}`);
        return value === parameters[1] ? null : `it is ${value}`;
      }
    }
    result.steps++;
    switch (helper) {
      case 'load_mod':
        return this.load(name, parameters, 'target');
      case 'load_lp_nowait':
        return this.load(name, parameters, 'livepatch');
      case 'load_lp':
        return this.load(name, parameters, 'livepatch') ?? this.waitFor(`${name}/transition`, '0');
      case 'load_failing_mod':
        return this.loadInVain(name, parameters);
      case 'unload_mod':
      case 'unload_lp':
        return this.unload(name);
      case 'disable_lp':
        return this.disable(name);
      case 'set_pre_patch_ret':
        return this.setPrePatchRet(name, parameters[0] ?? '');
      case 'set_ftrace_enabled':
        return this.setFtraceEnabled(args);
    }
    return 'no such helper';
  }

  // Helpers

  private log(text: string): void {
    this.lines.push({ at: this.machine.now, text });
  }

  private load(name: string, parameters: readonly string[], kind: 'livepatch' | 'target'): string | null {
    const module = this.modules.get(name);
    if ((module.image !== null) !== (kind === 'livepatch')) return `it is no ${kind}`;
    this.log(this.loadCommand(name, parameters));
    const errno = this.insert(module, parameters);
    if (errno !== 0) return strerror(errno);
    this.startTasksOf(name, parameters);
    if (kind === 'livepatch' && !isInSysfs(this.machine.state, name)) return 'it is not in sysfs';
    return null;
  }

  private loadInVain(name: string, parameters: readonly string[]): string | null {
    this.log(this.loadCommand(name, parameters));
    const errno = this.insert(this.modules.get(name), parameters);
    if (errno === 0) return 'it loaded';
    if (this.kernel === '6.1') this.log(`modprobe: ERROR: could not insert '${name}': ${strerror(errno)}`);
    else this.log(`insmod: ERROR: could not insert module ${koFile(name)}: ${insmodError(errno)}`);
    return null;
  }

  /** Scripts of 6.1 use modprobe, later ones insmod. */
  private loadCommand(name: string, parameters: readonly string[]): string {
    const command = this.kernel === '6.1' ? `% modprobe ${name}` : `% insmod ${koFile(name)}`;
    return [command, ...parameters].join(' ');
  }

  private insert(module: TestModule, parameters: readonly string[]): number {
    if (module.image === null) {
      this.parameters.set(module.name, parameters);
      return this.machine.act({ do: 'load-target', module: module.name });
    }
    const given = Object.fromEntries(parameters.map((text) => text.split('=') as [string, string]));
    return this.machine.act({ do: 'load', image: module.image, parameters: given });
  }

  private startTasksOf(name: string, parameters: readonly string[]): void {
    const frames = this.code().asleepIn(name);
    if (frames) {
      const known = (frame: string) => this.modules.get(name).model.functions.some((f) => f.name === frame);
      this.machine.start(busyWorker(frames.map((frame) => (known(frame) ? `${frame} [${name}]` : frame))));
    }
    const pids = parameters.find((text) => text.startsWith('klp_pids='))?.split(',').length;
    if (pids !== undefined) this.machine.start(hammering(CALLERS, pids, '__x64_sys_getpid'));
  }

  private unload(name: string): string | null {
    const action = { do: this.modules.get(name).image ? 'unload' : 'unload-target', module: name } as const;
    this.log(`% rmmod ${name}`);
    // Its exit function waits for its work.
    if (this.code().asleepIn(name)) this.machine.act({ do: 'wake', task: WORKER });
    const errno = this.machine.actUnless(action, EAGAIN);
    return errno === 0 ? null : strerror(errno);
  }

  private disable(name: string): string | null {
    this.log(`% echo 0 > /sys/kernel/livepatch/${name}/enabled`);
    const errno = this.machine.act({ do: 'write', path: `${name}/enabled`, value: '0' });
    if (errno !== 0) return strerror(errno);
    return this.machine.waitUntil((state) => !isInSysfs(state, name)) ? null : 'it stayed in sysfs';
  }

  private setPrePatchRet(name: string, value: string): string | null {
    this.log(`% echo ${value} > /sys/module/${name}/parameters/pre_patch_ret`);
    const errno = this.machine.act({ do: 'set-parameter', module: name, name: 'pre_patch_ret', value });
    return errno === 0 ? null : strerror(errno);
  }

  private setFtraceEnabled(args: readonly string[]): string | null {
    const value = args.at(-1) ?? '';
    const errno = this.machine.act({ do: 'sysctl', name: 'kernel.ftrace_enabled', value });
    if (errno === 0) this.log(`livepatch: kernel.ftrace_enabled = ${value}`);
    else if (args[0] !== '--fail') return strerror(errno);
    else this.log(`livepatch: sysctl: setting key "kernel.ftrace_enabled": ${strerror(errno)}`);
    return null;
  }

  private waitFor(path: string, value: string): string | null {
    const came = this.machine.waitUntil((state) => sysfsValue(state, path) === value);
    return came ? null : `${path} did not become ${value}`;
  }

  // What the script sees

  /** The C code of the modules as it has run so far. */
  private code(): ModuleCode {
    return new ModuleCode(this.modules, this.parameters).upTo(this.machine.trace, this.machine.now);
  }

  /** The log that is demanded, line by line. */
  private checkResult(result: SelftestResult, expected: string): string | null {
    result.finished = true;
    const { trace, now, state } = this.machine;
    const code = new ModuleCode(this.modules, this.parameters);
    const actual = kernelLog(trace, now, this.lines, (event) => code.at(event));
    result.differences.push(...code.differences, ...code.leftBehind());
    if (state.sysfs.length > 0) result.differences.push(`${state.sysfs[0]?.path} is left in sysfs`);
    result.heldUp.push(...sleepers(trace));
    const demanded = expected.split('\n');
    result.demanded = demanded;
    result.simulated = actual;
    for (let i = 0; i < Math.max(demanded.length, actual.length); i++) {
      const want = demanded[i];
      const have: LogLine | undefined = actual[i];
      if (have !== undefined && have.text === want) {
        result.lines[have.source]++;
        continue;
      }
      result.differences.push(`log line ${i + 1}: demanded ${quoted(want)}, the simulator has ${quoted(have?.text)}`);
      result.notCompared.push(...demanded.slice(i + 1));
      break;
    }
    return null;
  }

  private writeFiles(root: string): void {
    const folder = join(root, 'sys/kernel/livepatch');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { path, kind, value } of this.machine.state.sysfs) {
      const file = join(folder, path);
      mkdirSync(kind === 'dir' ? file : dirname(file), { recursive: true });
      if (kind === 'file') writeFileSync(file, value === null ? '' : `${value}\n`);
    }
    this.writeProc(join(root, 'proc'), 'cmdline');
    this.writeProc(join(root, 'proc'), 'meminfo');
    this.writePending(join(root, 'sys/kernel/test_klp_syscall'));
  }

  /** A file of /proc whose show function livepatches replace. */
  private writeProc(folder: string, file: string): void {
    mkdirSync(folder, { recursive: true });
    const [entry] = this.replacements(`${file}_proc_show`);
    const shown = entry && !entry.nop ? this.code().shown(entry.patch, entry.newFunc) : `the kernel's own ${file}\n`;
    writeFileSync(join(folder, file), shown);
  }

  /** How many of the programs have not called the new getpid(): each does as soon as it has switched. */
  private writePending(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
    const { state } = this.machine;
    const callers = state.tasks.filter(({ task }) => task.comm === CALLERS);
    if (callers.length === 0) return;
    mkdirSync(folder, { recursive: true });
    const [entry] = this.replacements('__x64_sys_getpid');
    const pending = callers.filter(({ patchState }) => !entry || patchState === 0);
    writeFileSync(join(folder, 'npids'), `${pending.length}\n`);
  }

  private replacements(name: string) {
    return this.machine.state.funcStacks.find((stack) => stack.function === name)?.stack ?? [];
  }
}

function sleepers(trace: Trace): Set<string> {
  const comms = new Map(trace.tasks.map(({ id, comm }) => [id, comm]));
  const found = new Set<string>();
  for (const event of trace.events) {
    if (event.type === 'fork') comms.set(event.child.id, event.child.comm);
    if (event.type !== 'blocked' || event.reason.kind !== 'sleeping-on') continue;
    found.add(`${comms.get(event.task)}: ${event.reason.function}`);
  }
  return found;
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'nothing' : `"${text}"`;
}

const koFile = (name: string): string => `test_modules/${name}.ko`;

const ERRORS: Readonly<Record<number, string>> = {
  [-2]: 'No such file or directory',
  [-11]: 'Resource temporarily unavailable',
  [-12]: 'Cannot allocate memory',
  [-16]: 'Device or resource busy',
  [-17]: 'File exists',
  [-19]: 'No such device',
  [-22]: 'Invalid argument',
};

/** strerror(3) of a negative errno. */
function strerror(errno: number): string {
  return ERRORS[errno] ?? `errno ${-errno}`;
}

/** kmod's insmod has words of its own for some. */
function insmodError(errno: number): string {
  return errno === -22 ? 'Invalid parameters' : strerror(errno);
}
